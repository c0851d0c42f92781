import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { DroneStage } from '../pipeline/drone.ts';
import { type CiServer, CiServerError } from '../ports/ci-server.ts';
import { finishBare } from './finish-bare.ts';

const never = new AbortController().signal;
const stage = {
  id: 63,
  version: 2,
  status: 'pending',
  started: 0,
  labels: { pool: 'large' },
} as unknown as DroneStage;

function begin(answer: (signal: AbortSignal) => ReturnType<CiServer['updateStage']>) {
  const sent: DroneStage[] = [];
  const ciServer: Pick<CiServer, 'updateStage'> = {
    updateStage: (endedStage, signal) => {
      sent.push(endedStage);
      return answer(signal);
    },
  };
  return { sent, parts: { clock: new FakeClock(), ciServer: ciServer as CiServer, log: silentLogger } };
}

const updated = () => Promise.resolve({ kind: 'updated', value: stage } as const);

describe('finishBare', () => {
  it.each([
    [
      'an error, with its text and a specific exit code',
      { kind: 'broken', text: 'no room' },
      { status: 'error', error: 'no room', exitCode: 255 },
    ],
    ['a cancel, without an error', { kind: 'cancelled' }, { status: 'killed', error: '', exitCode: 0 }],
  ] as const)('reports %s', async (_, end, want) => {
    const { sent, parts } = begin(updated);
    expect(await finishBare(parts, stage, { ...end, firstLog: undefined }, never)).toBe('reported');
    const seconds = 1_768_383_000;
    expect(sent).toEqual([{ ...stage, ...want, started: seconds, stopped: seconds, steps: [] }]);
  });

  it('keeps the start time of the stage', async () => {
    const { sent, parts } = begin(updated);
    await finishBare(
      parts,
      { ...stage, started: 7 },
      { kind: 'broken', text: 'x', firstLog: undefined },
      never,
    );
    expect(sent[0]?.started).toBe(7);
  });

  describe('of an error that conflicts', () => {
    const broken = { kind: 'broken', text: 'no room', firstLog: undefined } as const;

    /** The server has the stage at version 3. */
    function conflicting(now: Partial<DroneStage>, build = 'running') {
      const { sent, parts } = begin(() =>
        Promise.resolve(
          sent.at(-1)?.version === 3
            ? ({ kind: 'updated', value: stage } as const)
            : ({ kind: 'conflict', afterLostAnswer: false } as const),
        ),
      );
      const refused: Error[] = [];
      const reads: number[] = [];
      Object.assign(parts.ciServer, {
        detail: (id: number) => {
          reads.push(id);
          const error = refused.shift();
          if (error) return Promise.reject(error);
          return Promise.resolve({ stage: { ...stage, version: 3, ...now }, build: { status: build } });
        },
      });
      return { sent, parts, refused, reads };
    }

    it.each(['pending', 'running'] as const)(
      'is reported with the version of the server if the stage is %s there',
      async (status) => {
        const { sent, parts } = conflicting({ status });
        expect(await finishBare(parts, stage, broken, never)).toBe('reported');
        expect(sent.map(({ version, status: end }) => [version, end])).toEqual([
          [2, 'error'],
          [3, 'error'],
        ]);
      },
    );

    it.each([
      ['the stage has ended there', { status: 'success' }, 'running'],
      ['another runner has it', { machine: 'another' }, 'running'],
      ['the build was cancelled', {}, 'killed'],
    ] as const)('changes nothing if %s', async (_, now, build) => {
      const { sent, parts, reads } = conflicting(now, build);
      expect(await finishBare(parts, stage, broken, never)).toBe('reported');
      expect([sent.length, reads]).toEqual([1, [63]]);
    });

    it('is reported once the details can be read', async () => {
      const { sent, parts, refused } = conflicting({ status: 'running' });
      refused.push(
        new CiServerError('detail', 500, 'no Git host'),
        new CiServerError('detail', 500, 'no Git host'),
      );
      const finished = finishBare(parts, stage, broken, never);
      await parts.clock.step(499);
      expect(sent).toHaveLength(1);
      await parts.clock.step(1_001);
      expect([await finished, sent.length]).toEqual(['reported', 2]);
    });
  });

  it('treats the conflict of a cancel as reported: the server has already ended the stage', async () => {
    const { sent, parts } = begin(() =>
      Promise.resolve({ kind: 'conflict', afterLostAnswer: false } as const),
    );
    expect(await finishBare(parts, stage, { kind: 'cancelled', firstLog: undefined }, never)).toBe(
      'reported',
    );
    expect(sent).toHaveLength(1);
  });

  it('never rejects if the server rejects the end permanently, and returns `unreported`', async () => {
    const { parts } = begin(() => Promise.reject(new CiServerError('PUT stage', 500, 'trouble')));
    expect(await finishBare(parts, stage, { kind: 'broken', text: 'x', firstLog: undefined }, never)).toBe(
      'unreported',
    );
  });

  it('closes the log with the reason for the wait, and reports the end although that fails', async () => {
    const notes: string[] = [];
    const { sent, parts } = begin(updated);
    const firstLog = {
      note: (text: string) => void notes.push(text),
      finish: () => Promise.reject(new Error('no upload')),
    };
    expect(await finishBare(parts, stage, { kind: 'broken', text: 'too long', firstLog }, never)).toBe(
      'reported',
    );
    await finishBare(parts, stage, { kind: 'cancelled', firstLog }, never);
    expect([notes, sent.length]).toEqual([['too long'], 2]);
  });

  it('reports nothing after a hand-over, also if that happens in between', async () => {
    const before = begin(updated);
    const firstLog = {
      note: () => undefined,
      finish: (signal: AbortSignal) => (signal.throwIfAborted(), Promise.resolve()),
    };
    const end = { kind: 'broken', text: 'x', firstLog } as const;
    expect(await finishBare(before.parts, stage, end, AbortSignal.abort())).toBe('unreported');
    expect(before.sent).toEqual([]);
    const handOver = new AbortController();
    const { parts } = begin(
      (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    );
    const reports = finishBare(parts, stage, { ...end, firstLog: undefined }, handOver.signal);
    await Promise.resolve();
    handOver.abort(new Error('going'));
    expect(await reports).toBe('unreported');
  });
});

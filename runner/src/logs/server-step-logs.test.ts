import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { type CiServer, CiServerError } from '../ports/ci-server.ts';
import type { LogTrial } from '../ports/log-trial.ts';
import type { LogCaution, StepLogStream } from '../ports/step-logs.ts';
import { serverStepLogs } from './server-step-logs.ts';
import { FakeLogSource } from './testing/fake-log-source.ts';
import { aLogMemory } from './testing/fake-overflow.ts';

const target = { namespace: 'ci', pod: 'p', container: 'step-1', nonce: undefined, stepId: 7, stepName: 's' };
const never = new AbortController().signal;
const NEVER_TRIED: LogTrial = { isHarmless: () => Promise.reject(new Error('it was tried')) };

function aLog(
  leaving: AbortSignal = never,
  secrets: readonly string[] | 'unknown' = ['secret'],
  server: Partial<Pick<CiServer, 'uploadLog' | 'uploadCard'>> = {},
  { caution, trial = NEVER_TRIED }: { caution?: LogCaution; trial?: LogTrial } = {},
) {
  const masks = secrets === 'unknown' ? undefined : secrets;
  const clock = new FakeClock();
  const source = new FakeLogSource();
  const memory = aLogMemory();
  const uploads: string[] = [];
  const ciServer = {
    sendLines: () => Promise.resolve(),
    uploadLog: async (
      _id: number,
      log: AsyncIterable<readonly { out: string }[]> | Iterable<readonly { out: string }[]>,
    ) => {
      for await (const lines of log) uploads.push(...lines.map(({ out }) => out));
      return 'stored' as const;
    },
    uploadCard: () => Promise.resolve(),
    ...server,
  };
  const refusals: [number, string][] = [];
  const parts = {
    clock,
    source,
    memory,
    ciServer,
    log: silentLogger,
    random: () => 0.5,
    limitBytes: 1e6,
    cards: true,
    trial,
    refused: (stepId: number, text: string) => refusals.push([stepId, text]),
  };
  const log = serverStepLogs(parts).open({ ...target, masks, leaving, caution });
  return { clock, source, memory, uploads, log, refusals };
}

async function followed(log: StepLogStream, source: FakeLogSource): Promise<void> {
  source.write(5_000_000_000n, 'a secret');
  void log.follow({ onMark: () => undefined, ended: new Promise(() => undefined), signal: never });
  await settle();
}

describe('the log of a step on its way to the server', () => {
  it('uses no memory once it is stored', async () => {
    const { log, source, memory, uploads } = aLog();
    await followed(log, source);
    expect(memory.heldBytes).toBeGreaterThan(0);
    await log.finish(never);

    expect(uploads).toEqual(['a ******\n']);
    expect(memory.heldBytes).toBe(0);
  });

  it('shows nothing of the container where the values to hide are not known, and says so', async () => {
    const { log, source, uploads } = aLog(never, 'unknown');
    await followed(log, source);
    log.note('a note of the runner');
    await log.finish(never);

    expect(uploads).toEqual([expect.stringContaining('is not shown'), 'a note of the runner\n']);
  });

  it('is out of reach while its container has ended and requests for it are not answered', async () => {
    const { clock, log, source } = aLog();
    const ended = Promise.withResolvers<void>();
    source.write(5_000_000_000n, 'one');
    const followed = log.follow({ onMark: () => undefined, ended: ended.promise, signal: never });
    await settle();
    source.refusal = 'unavailable';
    source.terminate();
    await clock.step(1_000);
    expect(log.isOutOfReach).toBe(false);
    ended.resolve();
    await clock.step(60_000);
    expect(log.isOutOfReach).toBe(true);
    source.refusal = undefined;
    await clock.step(10_000);
    await followed;
    expect(log.isOutOfReach).toBe(false);
  });

  it('uses no memory once another process continues it, and takes no more lines', async () => {
    const leaving = new AbortController();
    const { log, source, memory, uploads } = aLog(leaving.signal);
    await followed(log, source);
    leaving.abort();
    source.write(6_000_000_000n, 'more');
    await settle();

    expect([memory.heldBytes, uploads]).toEqual([0, []]);
  });
});

describe('what the server does not store of a step', () => {
  const card = JSON.stringify({ schema: 'https://example.test/c', data: {} });
  const CARD = `\u001b]1338;${Buffer.from(card).toString('base64')}\u001b]0m`;
  const refuse = (call: string, status: number) => () =>
    Promise.reject(new CiServerError(call, status, `the Drone server refused the ${call}: HTTP ${status}`));

  it.each([400, 413])('is named if that is its log, refused with %i', async (status) => {
    const { log, source, refusals } = aLog(never, [], { uploadLog: refuse('log upload', status) });
    await followed(log, source);
    const text = `its log is not stored: the Drone server refused the log upload: HTTP ${status}`;
    expect(await log.finish(never)).toEqual({ schema: '', refused: text });
    expect(refusals).toEqual([[7, text]]);
  });

  it.each([400, 413])('is named if that is its card, refused with %i', async (status) => {
    const { log, source, refusals, uploads } = aLog(never, [], { uploadCard: refuse('card upload', status) });
    source.write(4_000_000_000n, CARD);
    await followed(log, source);
    const text = `its card is not stored: the Drone server refused the card upload: HTTP ${status}`;
    expect(await log.finish(never)).toEqual({ schema: '', refused: text });
    expect([refusals, uploads.at(-1)]).toEqual([[[7, text]], 'a secret\n']);
  });

  it('is nothing while an upload is repeated, however long that takes, nor if another process continues it', async () => {
    const stored = Promise.withResolvers<'stored'>();
    const slow = aLog(never, [], { uploadLog: () => stored.promise });
    const finished = slow.log.finish(never);
    await settle();
    stored.resolve('stored');
    expect([await finished, slow.refusals]).toEqual([{ schema: '', refused: '' }, []]);

    const leaving = new AbortController();
    const left = aLog(leaving.signal, [], {
      uploadLog: () => {
        leaving.abort();
        return Promise.reject(new Error('aborted'));
      },
    });
    expect(await left.log.finish(leaving.signal)).toEqual({ schema: '', refused: '' });
    expect(left.refusals).toEqual([]);
  });
});

describe('a log that may have ended the processes that read it', () => {
  const WAYS = [
    ['is read once another process has read it', 'try', true, ['one\n']],
    ['is withheld if it ended that process', 'try', false, [expect.stringMatching(/withheld: each process/)]],
    [
      'is not read at all after too many',
      'withhold',
      true,
      [expect.stringMatching(/withheld: the runner was lost/)],
    ],
  ] as const;

  it.each(WAYS)('%s', async (_, caution, isHarmless, want) => {
    const calls: string[] = [];
    const trial: LogTrial = {
      isHarmless: ({ container }) => {
        calls.push(container);
        return Promise.resolve(isHarmless);
      },
    };
    const { clock, log, source, uploads } = aLog(never, [], {}, { caution, trial });
    const ended = Promise.withResolvers<void>();
    source.write(5_000_000_000n, 'one');
    const reading = log.follow({ onMark: () => undefined, ended: ended.promise, signal: never });
    await settle();
    expect([calls, source.requests]).toEqual([[], []]);

    source.terminate();
    ended.resolve();
    await clock.step(1_000);
    await reading;
    await log.finish(never);
    expect(calls).toEqual(caution === 'try' ? ['step-1'] : []);
    expect(uploads).toEqual(want);
  });

  it('is out of reach while it is tried, so that its Pod stays; a hand-over stops that', async () => {
    const trial: LogTrial = {
      isHarmless: (_, signal) =>
        new Promise((__, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
    };
    const { log, source } = aLog(never, [], {}, { caution: 'try', trial });
    const stop = new AbortController();
    const reading = log.follow({ onMark: () => undefined, ended: Promise.resolve(), signal: stop.signal });
    await settle();
    expect(log.isOutOfReach).toBe(true);
    stop.abort();
    await reading;
    expect([log.isOutOfReach, source.requests]).toEqual([false, []]);
  });
});

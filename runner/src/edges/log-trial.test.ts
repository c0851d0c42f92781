import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '@hangar/shared/clock';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type LogRefusal, type LogSource, LogSourceError } from '../ports/log-source.ts';
import type { ProcessOptions } from './bare-process.ts';
import { ProcessLogTrial } from './log-trial.ts';

const folder = mkdtempSync(join(tmpdir(), 'hangar-trial-'));
let programs = 0;
const program = (text: string): URL => {
  const path = join(folder, `${programs++}.mjs`);
  writeFileSync(path, text);
  return pathToFileURL(path);
};
/** Counts its starts in a file, reads everything, and then does this. */
const starts = (): string => join(folder, `starts-${programs}`);
const thatThen = (path: string, text: string): URL =>
  program(`
    import { appendFileSync, readFileSync } from 'node:fs';
    appendFileSync(${JSON.stringify(path)}, 'x');
    const starts = readFileSync(${JSON.stringify(path)}, 'utf8').length;
    process.once('message', async (order) => {
      let log = '';
      for await (const chunk of process.stdin) log += chunk;
      ${text}
    });
  `);
const REPLY = `process.send('read', () => process.exit(0));`;

const never = new AbortController().signal;
const LOG = { namespace: 'ci', pod: 'p', container: 'step-1', nonce: '9f3c2a71', masks: ['s3cret'] };
const STAMP = '2026-12-02T10:00:00.000000001Z';
const lines = (count: number): Uint8Array => Buffer.from(`${STAMP} ${'line '.repeat(20)}\n`.repeat(count));

async function* chunksOf(chunks: readonly (Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (const chunk of chunks) {
    if (chunk instanceof Error) throw chunk;
    yield chunk;
  }
}

/** A source that gives these streams, the last one again and again. */
function sourceOf(
  ...streams: (LogRefusal | readonly (Uint8Array | Error)[])[]
): LogSource & { opened: number } {
  const source = {
    opened: 0,
    open: () => {
      const next = streams[Math.min(source.opened++, streams.length - 1)] ?? [];
      if (typeof next === 'string') return Promise.reject(new LogSourceError(next, next));
      return Promise.resolve(chunksOf(next));
    },
  };
  return source;
}

function trial(source: LogSource, options: ProcessOptions = {}, clock = systemClock()): ProcessLogTrial {
  return new ProcessLogTrial({ clock, source, limitBytes: 5 * 1024 * 1024, cards: true }, options);
}

describe('ProcessLogTrial', { timeout: 60_000 }, () => {
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['an empty log', []],
    ['lines', [lines(3)]],
    ['more than a pipe holds', Array.from({ length: 40 }, () => lines(1_000))],
    ['anything else', [Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte))]],
  ])('finds %s harmless, with the program that reads logs as the runner does', async (_, stream) => {
    expect(await trial(sourceOf(stream)).isHarmless(LOG, never)).toBe(true);
  });

  it('finds a log harmful that ends the process twice', async () => {
    const path = starts();
    const source = sourceOf([lines(1)]);
    const options = { program: thatThen(path, `process.kill(process.pid, 'SIGKILL');`) };
    expect(await trial(source, options).isHarmless(LOG, never)).toBe(false);
    expect(source.opened).toBe(2);
  });

  it('tries again when a process ended once, which may have another cause', async () => {
    const path = starts();
    const options = { program: thatThen(path, `if (starts === 1) process.exit(7); ${REPLY}`) };
    expect(await trial(sourceOf([lines(1)]), options).isHarmless(LOG, never)).toBe(true);
  });

  it('finds a log harmful that ends the process before it was read to its end', async () => {
    const options = { program: program(`process.once('message', () => process.exit(1));`) };
    const much = Array.from({ length: 100 }, () => lines(10_000));
    expect(await trial(sourceOf(much), options).isHarmless(LOG, never)).toBe(false);
  });

  it('finds a log harmful over which the process uses up its time, and ends that process', async () => {
    const path = starts();
    const hangs = thatThen(path, `process.send; for (;;);`);
    let usedMs = 0;
    const cpuMs = () => Promise.resolve((usedMs += 6_000));
    expect(await trial(sourceOf([lines(1)]), { program: hangs, cpuMs }).isHarmless(LOG, never)).toBe(false);
  });

  it('reads the log again after a broken stream, and while it is unavailable', async () => {
    const source = sourceOf('unavailable', [lines(1), new Error('reset')], [lines(2)]);
    expect(await trial(source).isHarmless(LOG, never)).toBe(true);
    expect(source.opened).toBe(3);
  });

  it.each(['gone', 'forbidden', 'not-ready'] as const)(
    'finds nothing harmful in a log that is %s',
    async (refusal) => {
      expect(await trial(sourceOf(refusal)).isHarmless(LOG, never)).toBe(true);
    },
  );

  it('reads again if the log falls silent', async () => {
    const clock = new FakeClock();
    const nothing = { next: () => new Promise<never>(() => undefined) };
    const open = vi.fn(() => Promise.resolve({ [Symbol.asyncIterator]: () => nothing }));
    const stop = new AbortController();
    const found = trial({ open }, {}, clock).isHarmless(LOG, stop.signal);
    await vi.waitFor(() => expect(clock.pending).toBe(2), { timeout: 20_000 });
    await clock.step(61_000);
    await vi.waitFor(() => expect(open).toHaveBeenCalledTimes(2), { timeout: 20_000 });
    stop.abort(new Error('enough'));
    await expect(found).rejects.toThrow('enough');
  });

  it('tries one log at a time', async () => {
    const path = starts();
    const options = { program: thatThen(path, `appendFileSync(${JSON.stringify(path)}, 'y'); ${REPLY}`) };
    const one = trial(sourceOf([lines(1)]), options);
    await Promise.all(['p', 'q', 'r'].map((pod) => one.isHarmless({ ...LOG, pod }, never)));
    expect(readFileSync(path, 'utf8')).toBe('xyxyxy');
  });

  it('stops with its signal', async () => {
    const options = { program: program('process.stdin.resume();') };
    const stop = new AbortController();
    const found = trial(sourceOf([lines(1)]), options).isHarmless(LOG, stop.signal);
    stop.abort(new Error('handed over'));
    await expect(found).rejects.toThrow('handed over');
  });
});

import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../pipeline/drone.ts';
import { BATCH_BYTES, BATCH_EVERY_MS, BATCH_LINES, FIRST_BATCH_MS, LiveView } from './live.ts';
import { aLogMemory } from './testing/fake-overflow.ts';

const line = (pos: number, out = `line ${pos}\n`): LogLine => ({ pos, out, time: 0 });
const never = new AbortController().signal;

/** A live view with a server whose answers the test chooses: it accepts, refuses, or does not answer. */
function aView(): {
  clock: FakeClock;
  view: LiveView;
  batches: (readonly LogLine[])[];
  server: { mode: 'takes' | 'refuses' | 'silent' };
  shown: () => number[];
  shownAtMs: ReadonlyMap<number, number>;
} {
  const clock = new FakeClock();
  const server: { mode: 'takes' | 'refuses' | 'silent' } = { mode: 'takes' };
  const batches: (readonly LogLine[])[] = [];
  const taken: LogLine[] = [];
  const shownAtMs = new Map<number, number>();
  const send = (lines: readonly LogLine[]): Promise<void> => {
    batches.push(lines);
    if (server.mode === 'silent') return new Promise(() => undefined);
    if (server.mode === 'refuses') return Promise.reject(new Error('stream: not found'));
    taken.push(...lines);
    for (const { pos } of lines) shownAtMs.set(pos, clock.monotonicMs());
    return Promise.resolve();
  };
  const view = new LiveView(clock, { send, memory: aLogMemory() });
  return { clock, view, batches, server, shown: () => taken.map((one) => one.pos), shownAtMs };
}

describe('LiveView', () => {
  it('sends a single line after a short delay, with all lines that arrived meanwhile', async () => {
    const { clock, view, batches, shown } = aView();
    view.push(line(0));
    await clock.step(FIRST_BATCH_MS - 1);
    expect(batches).toEqual([]);
    view.push(line(1));
    await clock.step(1);
    expect(shown()).toEqual([0, 1]);
    expect(clock.pending).toBe(0);
  });

  it('sends the next batch no sooner than 800 ms after the last one', async () => {
    const { clock, view, batches } = aView();
    view.push(line(0));
    await clock.step(FIRST_BATCH_MS);
    view.push(line(1));
    await clock.step(BATCH_EVERY_MS - 1);
    expect(batches).toHaveLength(1);
    await clock.step(1);
    expect(batches).toHaveLength(2);
  });

  it('shows each line of an endless stream within a second, at any rate', async () => {
    const { clock, view, shownAtMs } = aView();
    const pushedAtMs: number[] = [];
    for (let pos = 0; pos < 20_000; pos++) {
      pushedAtMs.push(clock.monotonicMs());
      view.push(line(pos));
      if (pos % 5 === 4) await clock.step(1);
    }
    await clock.step(1_000);
    const lagsMs = pushedAtMs.map((ms, pos) => (shownAtMs.get(pos) ?? Infinity) - ms);

    expect(Math.max(...lagsMs)).toBeLessThanOrEqual(1_000);
  });

  it('sends at most 5000 lines in one batch, the newest', async () => {
    const { clock, view, batches } = aView();
    for (let pos = 0; pos < BATCH_LINES; pos++) view.push(line(pos));
    await clock.step(3000);
    expect(batches.map((batch) => batch.length)).toEqual([BATCH_LINES]);
  });

  it('sends at most 1 MiB in one batch, but a longer line alone', async () => {
    const { clock, view, batches } = aView();
    for (const [pos, bytes] of [BATCH_BYTES / 2, BATCH_BYTES / 2].entries())
      view.push(line(pos, 'x'.repeat(bytes)));
    await clock.step(1000);
    for (const [pos, bytes] of [10, BATCH_BYTES - 10].entries()) view.push(line(2 + pos, 'x'.repeat(bytes)));
    await clock.step(1000);
    view.push(line(4, 'x'.repeat(BATCH_BYTES + 1)));
    await clock.step(1000);
    expect(batches.map((batch) => batch.map((one) => one.pos))).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('has one batch in flight', async () => {
    const { clock, view, batches, server } = aView();
    server.mode = 'silent';
    view.push(line(0));
    await clock.step(1000);
    view.push(line(1));
    await clock.step(8000);
    expect(batches).toHaveLength(1);
  });

  it('loses nothing of a failed batch (known issue 64), and waits longer each time', async () => {
    const { clock, view, batches, server, shown } = aView();
    server.mode = 'refuses';
    view.push(line(0));
    await clock.step(FIRST_BATCH_MS);
    view.push(line(1));
    await clock.step(2 * BATCH_EVERY_MS - 1);
    expect(batches).toHaveLength(1);
    server.mode = 'takes';
    await clock.step(1);
    expect(shown()).toEqual([0, 1]);
  });

  it('treats a server without an answer as failing after ten seconds', async () => {
    const { clock, view, server, shown } = aView();
    server.mode = 'silent';
    view.push(line(0));
    await clock.step(1000);
    server.mode = 'takes';
    await clock.step(12_000);
    expect(shown()).toEqual([0]);
  });

  it('leaves out the oldest of too many lines, and notes how many', async () => {
    const { clock, view, batches } = aView();
    for (let pos = 0; pos < BATCH_LINES + 7; pos++) view.push(line(pos));
    await clock.step(1000);
    expect(batches[0]?.[0]).toEqual({
      pos: 0,
      time: 0,
      out: '... 7 lines not shown live: the output is faster than the server accepts it ...\n',
    });
    expect(batches[0]?.[1]?.pos).toBe(7);
  });

  it('drops old lines when the server has failed for minutes, and shows new ones when it is back', async () => {
    const { clock, view, server, shown } = aView();
    server.mode = 'refuses';
    view.push(line(0));
    await clock.step(200_000);
    expect(clock.pending).toBe(0);
    server.mode = 'takes';
    view.push(line(1));
    await clock.step(15_000);
    expect(shown()).toEqual([1]);
  });

  it('sends all waiting lines when it is closed, and nothing after', async () => {
    const { clock, view, shown } = aView();
    for (let pos = 0; pos < 1500; pos++) view.push(line(pos));
    await view.close(never);
    expect(shown()).toHaveLength(1500);
    view.push(line(9999));
    await view.close(never);
    await clock.step(5000);
    expect(shown()).toHaveLength(1500);
    expect(clock.pending).toBe(0);
  });

  it('waits two seconds at most for its last batch', async () => {
    const { clock, view, server } = aView();
    server.mode = 'silent';
    view.push(line(0));
    let closed = false;
    void view.close(never).then(() => (closed = true));
    await clock.step(1999);
    expect(closed).toBe(false);
    await clock.step(1);
    expect(closed).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('waits for the batch in flight, then sends the rest', async () => {
    const clock = new FakeClock();
    const answers: (() => void)[] = [];
    const sent: number[] = [];
    const send = (lines: readonly LogLine[]): Promise<void> => {
      sent.push(...lines.map((one) => one.pos));
      return new Promise((resolve) => answers.push(resolve));
    };
    const view = new LiveView(clock, { send, memory: aLogMemory() });
    view.push(line(0));
    await clock.step(1000);
    view.push(line(1));
    const closing = view.close(never);
    answers[0]?.();
    await settle();
    expect(sent).toEqual([0, 1]);
    answers[1]?.();
    await closing;
  });

  it('tries a failing server once when it is closed', async () => {
    const { view, server, batches } = aView();
    server.mode = 'refuses';
    view.push(line(0));
    await view.close(never);
    expect(batches).toHaveLength(1);
  });

  it('closes at once when aborted', async () => {
    const { view, batches } = aView();
    view.push(line(0));
    await view.close(AbortSignal.abort());
    expect(batches).toEqual([]);
  });

  it('holds lines until the server has the stream', async () => {
    const clock = new FakeClock();
    const sent: number[] = [];
    const send = (lines: readonly LogLine[]): Promise<void> =>
      Promise.resolve(void sent.push(...lines.map((one) => one.pos)));
    const view = new LiveView(clock, { send, memory: aLogMemory() }, true);
    view.push(line(0));
    await clock.step(5000);
    expect(sent).toEqual([]);
    view.goLive();
    await clock.step(1000);
    expect(sent).toEqual([0]);
  });

  it('sends nothing at its end if it never went live', async () => {
    const sent: unknown[] = [];
    const send = (lines: readonly LogLine[]): Promise<void> => Promise.resolve(void sent.push(lines));
    const view = new LiveView(new FakeClock(), { send, memory: aLogMemory() }, true);
    view.push(line(0));
    await view.close(never);
    expect(sent).toEqual([]);
  });

  it('treats a sender that throws as failing', async () => {
    const clock = new FakeClock();
    const send = (): Promise<void> => {
      throw new Error('bug');
    };
    const view = new LiveView(clock, { send, memory: aLogMemory() });
    view.push(line(0));
    await view.close(never);
    expect(clock.pending).toBe(0);
  });
});

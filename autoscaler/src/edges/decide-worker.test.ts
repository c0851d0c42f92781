import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { decide } from '../decide/decide.ts';
import { MANY_PODS_OPTIONS, manyPodsSnapshot, onePod } from '../testing/many-pods.ts';
import { DecideWorker } from './decide-worker.ts';

const SNAPSHOT = manyPodsSnapshot(
  Array.from({ length: 30 }, (_, nth) => onePod(`p${nth}`, { node: `n${nth % 10}` })),
  12,
);
const program = (text: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads'; ${text}`)}`,
  );
const ANSWERS = `parentPort.on('message', ({ id, snapshot }) => parentPort.postMessage({ id, recommendation: snapshot.nowMs }));`;

describe('DecideWorker', () => {
  const clock = new FakeClock();
  const never = new AbortController().signal;
  let worker: DecideWorker | undefined;
  const startWith = (text: string | undefined): DecideWorker => {
    const base = { decide: MANY_PODS_OPTIONS, timeoutMs: 5_000 };
    worker = new DecideWorker(clock, text === undefined ? base : { ...base, program: program(text) });
    return worker;
  };
  afterEach(() => worker?.close());

  it('returns the same answer as without a thread, repeatedly', async () => {
    const there = startWith(undefined);
    const here = decide(SNAPSHOT, MANY_PODS_OPTIONS);

    expect(await there.decide(SNAPSHOT, never)).toEqual(here);
    expect(await there.decide(SNAPSHOT, never)).toEqual(here);
  });

  it.each([
    {
      title: 'throws',
      text: `parentPort.once('message', () => { throw new Error('out of luck'); });`,
      says: 'out of luck',
    },
    { title: 'exits', text: `parentPort.once('message', () => process.exit(3));`, says: 'code 3' },
    {
      title: 'reports an error',
      text: `parentPort.on('message', ({ id }) => parentPort.postMessage({ id, problem: 'odd' }));`,
      says: 'odd',
    },
    {
      title: 'exceeds its memory limit',
      text: `parentPort.on('message', () => { const all = []; for (;;) all.push(new Array(1e6).fill(1)); });`,
      says: 'memory',
    },
  ])('a thread that $title fails its tick', async ({ text, says }) => {
    await expect(startWith(text).decide(SNAPSHOT, never)).rejects.toThrow(says);
  });

  it('a thread that hangs is stopped after its time limit, and the next request gets a new one', async () => {
    const hanging = startWith(
      `parentPort.on('message', ({ snapshot, id }) => { while (snapshot.nowMs === 1) {} parentPort.postMessage({ id, recommendation: 'well' }); });`,
    );
    const asked = hanging.decide({ ...SNAPSHOT, nowMs: 1 }, never);
    const reported = expect(asked).rejects.toThrow('no answer within 5 s');
    await clock.step(4_999);
    expect(clock.pending).toBe(1);
    await clock.step(1);
    await reported;

    expect(await hanging.decide(SNAPSHOT, never)).toBe('well');
  });

  it('a thread that dies between two requests fails at most one tick', async () => {
    const dying = startWith(
      `${ANSWERS} parentPort.on('message', () => setImmediate(() => process.exit(1)));`,
    );

    expect(await dying.decide(SNAPSHOT, never)).toBe(SNAPSHOT.nowMs);
    // The end of the thread may be noticed before or after the next request.
    const next = dying.decide(SNAPSHOT, never).catch(() => dying.decide(SNAPSHOT, never));
    expect(await next).toBe(SNAPSHOT.nowMs);
  });

  it('ends with the signal, and leaves no timer', async () => {
    const stop = new AbortController();
    const asked = startWith(`parentPort.on('message', () => undefined);`).decide(SNAPSHOT, stop.signal);
    stop.abort(new Error('stopped by a signal'));

    await expect(asked).rejects.toThrow('stopped by a signal');
    expect(clock.pending).toBe(0);
  });
});

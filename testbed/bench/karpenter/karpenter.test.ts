import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BuildDriver } from '../../suites/real-flows/build-driver.ts';
import { buildBurst, rampBuilds, risingBuilds } from '../../suites/real-flows/build-load.ts';
import { KarpenterProcess } from '../../suites/real-flows/karpenter-process.ts';
import { boots, nodeHours } from './logs.ts';
import { predictionsFor } from './predictions.ts';
import { RUNS } from './recording.ts';
import { TOLERANCES, withinTolerances } from './tolerances.ts';

describe('the tolerances of a prediction', () => {
  const predicted = figures(10, 20, 60);

  it.each([
    ['the same', figures(10, 20, 60), [true, true, true]],
    ['a tenth more node-hours, 3 s more mean and 10 s more p95', figures(11, 23, 70), [true, true, true]],
    ['a little more than that', figures(11.01, 23.01, 70.01), [false, false, false]],
    ['as much less', figures(9, 17, 50), [true, true, true]],
    ['a little less than that', figures(8.99, 16.99, 49.99), [false, false, false]],
  ])('are held against %s', (_, measured, want) => {
    expect(withinTolerances(measured, predicted)).toEqual(want);
  });

  it('are shares of long waits', () => {
    expect(withinTolerances(figures(10, 109.9, 229), figures(10, 100, 200))).toEqual([true, true, true]);
    expect(withinTolerances(figures(10, 110.1, 231), figures(10, 100, 200))).toEqual([true, false, false]);
  });
});

function figures(nodeHours: number, mean: number, p95: number) {
  return { nodeHours, waitSeconds: { mean, p50: 0, p95, p99: p95, max: p95 } };
}

/** A process of `replay` for each side takes seconds, and several times that on a busy machine. */
describe('replay', { timeout: 60_000 }, () => {
  it.each(RUNS)(
    'foretells what the real Karpenter did in the run %s, with and without Hangar',
    async (run) => {
      for (const { side, measured, predicted, isMet } of await predictionsFor(run)) {
        expect(measured.harmed).toBe(0);
        expect({ side, measured, predicted, isMet }).toMatchObject({ isMet: TOLERANCES.map(() => true) });
      }
    },
  );
});

const HOUR_MS = 3_600_000;
const COUNTED = { fromMs: 10 * HOUR_MS, toMs: 12 * HOUR_MS };
const span = (ordered: number, gone?: number) => ({
  nodePool: 'ci',
  orderedMs: ordered * HOUR_MS,
  goneMs: gone === undefined ? undefined : gone * HOUR_MS,
});

describe('node hours', () => {
  it.each([
    ['a node that came and went meanwhile', span(10.5, 11), 0.5, 1],
    ['one that was there before and stays', span(9), 2, 0],
    ['one that was there before and goes', span(9, 10.25), 0.25, 0],
    ['one that is still there', span(11), 1, 1],
    ['one that was gone before', span(8, 9.5), 0, 0],
    ['one that came afterwards', span(12.5), 0, 0],
  ])('%s counts by the hours in which builds came', (_, one, hours, booted) => {
    expect(nodeHours([one], COUNTED)).toBeCloseTo(hours, 9);
    expect(boots([one], COUNTED)).toBe(booted);
  });

  it('adds up over nodes', () => {
    expect(nodeHours([span(9), span(11)], COUNTED)).toBeCloseTo(3, 9);
  });
});

const RAMP = { seed: 1, spanSeconds: 1200, pushesPerMinute: [1, 5], meanRunSeconds: 150 } as const;
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

describe('the builds of a ramp', () => {
  it('arrive in pushes of five, in order, within the span, and run for a while', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (seed) => {
        const builds = rampBuilds({ ...RAMP, seed });
        const times = builds.map(({ atSeconds }) => atSeconds);
        expect(times).toEqual([...times].sort((one, other) => one - other));
        expect(builds.length).toBe(5 * new Set(times).size);
        expect(builds.every((one) => one.atSeconds < 1200 && one.runSeconds >= 5)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('arrive at a growing rate, about three pushes a minute overall, and run for their mean', () => {
    const loads = Array.from({ length: 40 }, (_, seed) => rampBuilds({ ...RAMP, seed: seed + 1 }));
    const late = loads.flat().filter(({ atSeconds }) => atSeconds >= 600).length / loads.flat().length;

    // Of a rate from 1 to 5 the second half holds two thirds.
    expect(late).toBeGreaterThan(0.6);
    expect(late).toBeLessThan(0.73);
    expect(Math.abs(mean(loads.map(({ length }) => length)) / 300 - 1)).toBeLessThan(0.1);
    expect(Math.abs(mean(loads.flat().map(({ runSeconds }) => runSeconds)) / 150 - 1)).toBeLessThan(0.1);
  });

  it('are the same for the same seed, and others for another one', () => {
    expect(rampBuilds(RAMP)).toEqual(rampBuilds(RAMP));
    expect(rampBuilds({ ...RAMP, seed: 2 })).not.toEqual(rampBuilds(RAMP));
  });
});

describe('rising builds', () => {
  it('end with the span, three quarters of them in its second half', () => {
    const times = risingBuilds(100, 60, 10).map(({ atSeconds }) => atSeconds);

    expect(times.at(-1)).toBe(60);
    expect(times.filter((at) => at > 30)).toHaveLength(75);
  });
});

describe('builds that are driven', () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();

  /** Pods are taken, and have a node when so much time has passed; Infinity: never. */
  function driverOn(boundAfterMs: number): BuildDriver {
    const pods: V1Pod[] = [];
    const atMs = clock.now() + boundAfterMs;
    const spec = { containers: [], nodeName: 'a-node' };
    const pool = {
      get pods(): readonly V1Pod[] {
        return clock.now() < atMs ? pods : pods.map((pod) => ({ ...pod, spec }));
      },
      createPod: (name: string) => {
        const pod = { metadata: { name, uid: name } };
        pods.push(pod);
        return Promise.resolve(pod);
      },
      removePods: () => Promise.resolve(),
      ...{ cluster: new FakeCluster(), namespace: 'ci', signal },
    };
    return new BuildDriver({ clock, pool, prefix: 'build', labels: {}, spec: {} });
  }

  it('are all played when each has a node, however late within ten minutes', async () => {
    const driver = driverOn(600_000);
    const played = driver.play(buildBurst(2, 0, Infinity), signal);
    await clock.step(601_000);
    await played;
    expect(driver.builds.map(({ waitSeconds }) => waitSeconds)).toEqual([600, 600]);
  });

  it('end with the name of one that has had no node for ten minutes: nothing would progress any more', async () => {
    const played = driverOn(Infinity).play(buildBurst(2, 0, Infinity), signal);
    const ended = expect(played).rejects.toThrow('build-0 has had no node for 600 s');
    await clock.step(601_000);
    await ended;
  });
});

describe('Karpenter as a process', () => {
  let folder: string;
  const started: KarpenterProcess[] = [];
  const start = (script: string, program = '/bin/sh'): KarpenterProcess => {
    const args = ['-c', script];
    const made = new KarpenterProcess({ program, args, env: {}, log: join(folder, 'karpenter.log') });
    started.push(made);
    return made;
  };
  const forEver = (): Promise<never> => new Promise(() => undefined);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hangar-process-'));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((one) => one.end()));
    await rm(folder, { recursive: true });
  });

  it('that ends by itself is missed at once by who needs it, with the last lines of its log and no more', async () => {
    const karpenter = start(
      'n=1; while [ $n -le 20 ]; do echo line $n; n=$((n + 1)); done; echo no port >&2; exit 3',
    );

    const missed: unknown = await karpenter.needs(forEver()).catch((error: unknown) => error);
    expect(String(missed)).toMatch(
      /\/bin\/sh ended with 3; the end of its log:\nline 2\n(line \d+\n){18}no port$/,
    );
    expect(String(missed)).not.toContain('line 1\n');
    await expect(karpenter.needs(Promise.resolve('too late'))).rejects.toBe(missed);
    expect(karpenter.gone.reason).toBe(missed);
  });

  it.each([
    ['was killed by somebody', 'kill -9 $$', '/bin/sh', 'ended with SIGKILL'],
    ['is not there', '', '/nowhere/karpenter', 'did not start'],
  ])('that %s is missed too', async (_, script, program, words) => {
    await expect(start(script, program).needs(forEver())).rejects.toThrow(words);
  });

  it('that runs has no effect: work returns its own result, or its own error', async () => {
    const karpenter = start('exec sleep 600');

    await expect(karpenter.needs(Promise.resolve('done'))).resolves.toBe('done');
    await expect(karpenter.needs(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(karpenter.gone.aborted).toBe(false);
  });

  it('is gone when it was ended, however often', async () => {
    const up = join(folder, 'up');
    const karpenter = start(`trap 'rm ${up}; exit 0' TERM; : > ${up}; while :; do read -t 1 x; done`);
    while (!existsSync(up)) await new Promise(setImmediate);
    await karpenter.end();
    await karpenter.end();

    expect(karpenter.gone.aborted).toBe(true);
    expect(existsSync(up)).toBe(false);
  });
});

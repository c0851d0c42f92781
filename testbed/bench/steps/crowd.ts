import type { Bench } from './bench.ts';
import type { BenchWorld } from './bench-world.ts';
import { expectSuccess } from './flight.ts';
import { idleSteps } from './pipelines.ts';

const BUILDS = 20;
const STEPS = 3;

/** From the first offer until the server knows the end of each; each must succeed. */
async function objects(setup: BenchWorld): Promise<number> {
  const { drone, clock, runner } = setup;
  const beganMs = clock.now();
  const ids = Array.from({ length: BUILDS }, () => drone.createBuild({ yaml: idleSteps(STEPS) }).id);
  const builds = await Promise.all(ids.map((id) => drone.waitForBuild(id, { timeoutMs: 300_000 })));
  const totalMs = clock.now() - beganMs;
  builds.forEach(expectSuccess);
  await setup.until('all places are free', () => runner.assembly.parts.registry.entries.length === 0);
  await setup.until('all Pods are gone', () => setup.tape.pods.every(({ goneMs }) => goneMs !== undefined));
  return totalMs;
}

/** Many at once: admission, the pace of API writes and the kubelet together. */
export const manyPodsBench: Bench = {
  name: 'crowd',
  what: `${BUILDS} builds of clone and ${STEPS} steps at once`,
  run: (track) =>
    track.within({}, async (setup) => {
      const values: number[] = [];
      while (values.length < track.times(3, 1)) values.push(await objects(setup));
      return [
        {
          name: `${BUILDS} builds of ${STEPS} steps at once, until all are reported`,
          unit: 'ms',
          values,
          targets: [{ of: 'max', atMost: 15_000 }],
          note: 'with a clone step each; all succeeded',
        },
      ];
    }),
};

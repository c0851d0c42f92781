import { LABEL } from '@hangar/runner/compiled';
import { pipeline } from '../../suites/flows/pipelines.ts';
import type { Measured } from '../measure/row.ts';
import { gaps, quantile } from '../measure/statistics.ts';
import { bareLoop } from './bare-loop.ts';
import type { Bench } from './bench.ts';
import type { BenchWorld } from './bench-world.ts';
import { expectSuccess } from './flight.ts';
import { writtenBy } from './log-reader.ts';
import { WITHOUT_CLONE } from './pipelines.ts';
import type { TapedPod } from './pod-tape.ts';

const STEPS = 6;
const QUICK_STEPS = 3;
/** Nobody listens there: the look-up fails at once and asks nobody outside. */
const NO_REGISTRY = { HANGAR_REGISTRY_MIRRORS: 'docker.io:127.0.0.1:9' };

/** Gaps between plugin steps whose command line nobody knows, by the stamps of their log lines. */
async function swapped(setup: BenchWorld, image: string, count: number): Promise<readonly number[]> {
  const { drone, tape } = setup;
  const steps = Array.from(
    { length: count },
    (_, index) => `- name: p${index + 1}\n  image: ${image}\n  settings: { greeting: hello }\n`,
  );
  const { id } = drone.createBuild({ yaml: pipeline(steps.join(''), WITHOUT_CLONE) });
  const stageId = drone.stage(id).id;
  const isIts = ({ pod }: TapedPod): boolean => pod.metadata?.labels?.[LABEL.stageId] === String(stageId);
  const [written, build] = await Promise.all([
    writtenBy(setup, { tape, isIts, image, containers: count }),
    drone.waitForBuild(id, { timeoutMs: 180_000 }),
  ]);
  expectSuccess(build);
  await setup.until('its Pod is gone', () => tape.find(LABEL.stageId, String(stageId))?.goneMs !== undefined);
  return gaps(written);
}

/** What a swap costs, beside the least that any program could do. */
export const swapGapBench: Bench = {
  name: 'swap',
  what: `gap between chained steps by image swap, beside a bare PATCH loop`,
  run: (track) =>
    track.within({ env: NO_REGISTRY }, async (setup) => {
      const image = track.cluster.images.plugin;
      const count = track.times(STEPS, QUICK_STEPS);
      const [ours, bare]: [number[], number[]] = [[], []];
      for (let turn = track.times(3, 1); turn > 0; turn--) {
        bare.push(...(await bareLoop(track, setup, { image, steps: count })));
        ours.push(...(await swapped(setup, image, count)));
      }
      const row = (name: string, values: readonly number[], note: string): Measured => ({
        name,
        unit: 'ms',
        values,
        targets: [],
        note,
      });
      return [
        row('gap between steps, swap', ours, `${count} plugin steps, by the stamps of their log lines`),
        row(
          'gap between steps, bare PATCH loop',
          bare,
          'on the same node in turn with the swaps, by the same stamps',
        ),
        {
          name: 'swap against bare PATCH loop',
          unit: 'ratio',
          values: [quantile(ours, 0.5) / quantile(bare, 0.5)],
          targets: [{ of: 'max', atMost: 1.1 }],
          note: 'p50 by p50',
        },
      ];
    }),
};

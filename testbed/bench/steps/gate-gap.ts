import { gaps } from '../measure/statistics.ts';
import type { Bench } from './bench.ts';
import { supervise } from './flight.ts';
import { idleSteps, WITHOUT_CLONE } from './pipelines.ts';

const STEPS = 20;

/** From the end of one step to the start of the next, in the Pod, by the gates' own clocks. */
export const gateGapBench: Bench = {
  name: 'gate',
  what: `gap between ${STEPS} chained steps behind the gate`,
  run: (track) =>
    track.within({}, async (setup) => {
      const found: number[] = [];
      for (let turn = track.times(6, 1); turn > 0; turn--) {
        const { steps } = await supervise(setup, idleSteps(STEPS, WITHOUT_CLONE));
        if (steps.length !== STEPS) throw new Error(`${steps.length} of ${STEPS} gates left their word`);
        found.push(...gaps(steps));
      }
      return [
        {
          name: 'gap between steps, gate',
          unit: 'ms',
          values: found,
          targets: [
            { of: 'p50', atMost: 10 },
            { of: 'p99', atMost: 50 },
          ],
          note: `${STEPS} steps of no work in a chain, images present, by the gates' termination messages`,
        },
      ];
    }),
};

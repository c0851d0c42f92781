import type { Measured } from '../measure/row.ts';
import type { Bench } from './bench.ts';
import { type FinishedRun, supervise } from './flight.ts';
import { idleSteps } from './pipelines.ts';

const STEPS = 5;

function rows(stageRuns: readonly FinishedRun[]): readonly Measured[] {
  const row = (
    name: string,
    of: (finishedRun: FinishedRun) => number,
    targets: Measured['targets'] = [],
    note = '',
  ): Measured => ({ name, unit: 'ms', values: stageRuns.map(of), targets, note });
  const lastEnd = ({ steps }: FinishedRun): number => steps.at(-1)?.endMs ?? Number.NaN;
  return [
    row('5 steps of no work: offer to final report', (one) => one.reportedMs - one.offeredMs, [
      { of: 'max', atMost: 3_000 },
    ]),
    row('offer to accept', (one) => one.acceptedMs - one.offeredMs, [{ of: 'max', atMost: 100 }]),
    row('offer to start of clone', (one) => (one.steps[0]?.startMs ?? Number.NaN) - one.offeredMs),
    row(
      'offer to start of the first step after clone',
      (one) => (one.steps[1]?.startMs ?? Number.NaN) - one.offeredMs,
      [],
      'the barrier: all containers have started',
    ),
    row('first start to last end, in the Pod', (one) => lastEnd(one) - (one.steps[0]?.startMs ?? Number.NaN)),
    row(
      'last end known to the runner to slot free',
      (one) => one.slotFreeMs - one.lastEndKnownMs,
      [{ of: 'max', atMost: 500 }],
      'known: it uploads the last log, before it reports the step',
    ),
    row(
      'last end in the Pod to slot free',
      (one) => one.slotFreeMs - lastEnd(one),
      [],
      "by the gate's clock; the way of its last mark included",
    ),
    row(
      "kubelet's word on the last end to slot free",
      (one) => one.slotFreeMs - one.lastEndSeenMs,
      [],
      'as an admin watch shows it',
    ),
    row('slot free to Pod gone', (one) => one.podGoneMs - one.slotFreeMs),
  ];
}

/** A small pipeline from the offer to the free slot. */
export const wholeBench: Bench = {
  name: 'whole',
  what: `a pipeline of clone and ${STEPS} steps of no work, from the offer to the free slot`,
  run: (track) =>
    track.within({}, async (setup) => {
      const stageRuns: FinishedRun[] = [];
      while (stageRuns.length < track.times(10, 2)) stageRuns.push(await supervise(setup, idleSteps(STEPS)));
      for (const { steps } of stageRuns)
        if (steps.length !== STEPS + 1)
          throw new Error(`${steps.length} of ${STEPS + 1} gates left their word`);
      return rows(stageRuns);
    }),
};

import { bootAdvice } from '../advise/boot-advice.ts';
import type { BootPhase, UsualPhase } from '../capacity/boot-phase.ts';
import type { BootMinute } from '../curve/price-curve.ts';

const MEANINGS: Readonly<Record<BootPhase, string>> = {
  machine: 'from the order of a node until its Node object exists',
  kubelet: 'from then until the node is ready and has no start-up taint',
  image:
    'from the binding of the first build of a node until all its containers have started, without what this takes on other nodes',
};

const tenths = (value: number): number => Math.round(value * 10) / 10;

/**
 * The body of `GET /api/v1/boots`: how long each phase of a boot takes, what that costs, and what to do.
 *
 * @param minute undefined: not computed yet, or waiting has no price
 */
export function bootsAnswer(
  phases: readonly UsualPhase[],
  bootSeconds: number,
  minute: BootMinute | undefined,
) {
  const costOf = (seconds: number) =>
    minute === undefined ? null : tenths((minute.nodeHoursPer1000Prs * seconds) / 60);
  return {
    bootSeconds: tenths(bootSeconds),
    minute:
      minute === undefined
        ? null
        : {
            nodeHoursPer1000Prs: tenths(minute.nodeHoursPer1000Prs),
            waitMeanSeconds: tenths(minute.waitMeanSeconds),
          },
    phases: phases.map((usual) => ({
      phase: usual.phase,
      meaning: MEANINGS[usual.phase],
      seconds: tenths(usual.seconds),
      boots: usual.boots,
      nodeHoursPer1000Prs: costOf(usual.seconds),
      advice: bootAdvice(usual) ?? null,
    })),
  };
}

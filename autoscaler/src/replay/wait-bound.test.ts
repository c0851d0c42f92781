import { describe, expect, it } from 'vitest';
import type { Job } from '../capacity/job.ts';
import { MIB } from '../capacity/shape.ts';
import { type Random, seededRandom } from '../simulate/random.ts';
import { servicePolicy } from './policies/service.ts';
import { softlyPlaced } from './policies/soft-taints.ts';
import { staticPolicy } from './policies/static.ts';
import type { ScalingPolicy } from './policy.ts';
import { replay } from './replay.ts';
import { aService, defaultSettings } from './testing/a-service.ts';

const DAY = 86_400;
const HOUR = 3600;
/** A Monday. */
const START = 1_704_067_200;
const DAYS = { train: 4, all: 9 } as const;
const NODE = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };
const BOUND_SECONDS = 30;

const push = (arrivedAt: number, size: number, random: Random): readonly Job[] =>
  Array.from({ length: size }, () => ({
    arrivedAt,
    durationSeconds: 60 - 300 * Math.log(1 - random.next()),
    request: { cpuMillicores: 1150, memoryBytes: 1700 * MIB },
  }));

/** Pushes of 1 to 9 builds at independent times, from nine to five on working days. */
function office(pushesPerDay: number): readonly Job[] {
  const random = seededRandom(21);
  return Array.from({ length: DAYS.all }, (_, day) => day)
    .filter((day) => day % 7 < 5)
    .flatMap((day) =>
      Array.from({ length: pushesPerDay }, () => START + day * DAY + 9 * HOUR + random.next() * 8 * HOUR)
        .sort((one, other) => one - other)
        .flatMap((at) => push(at, 1 + Math.floor(9 * random.next()), random)),
    );
}

/** Twenty builds each night at two o'clock. */
function nightly(): readonly Job[] {
  const random = seededRandom(22);
  return Array.from({ length: DAYS.all }, (_, day) => day).flatMap((day) =>
    push(START + day * DAY + 2 * HOUR + 10 * random.next(), 20, random),
  );
}

/** What a policy did in the days that count. */
function played(jobs: readonly Job[], policy: ScalingPolicy) {
  const countFrom = START + DAYS.train * DAY;
  let inTime = 0;
  const { jobs: counted, nodeHours } = replay({
    ...{ jobs, node: NODE, bootSeconds: 180, seed: 1, countFrom, policy },
    onBound: (arrivedAt, at) => {
      if (arrivedAt >= countFrom && at - arrivedAt <= BOUND_SECONDS) inTime += 1;
    },
  });
  return { lateShare: 1 - inTime / counted, nodeHours };
}

const bounded = (jobs: readonly Job[], waitBoundSeconds: number | undefined, maxNodes: number) => {
  const { buffer, rails } = defaultSettings();
  const change = { buffer: { ...buffer, waitBoundSeconds }, rails: { ...rails, maxNodes } };
  return played(jobs, softlyPlaced(servicePolicy(aService(change))));
};

/** Seconds here, and several times that on a busy machine. */
describe('a bound for the wait', { timeout: 60_000 }, () => {
  it.each([
    ['two pushes a day', office(2)],
    ['thirty pushes a day', office(30)],
    ['a nightly pipeline', nightly()],
  ])('is held where a fixed pool within the maximum holds it: %s', (_, jobs) => {
    let most = 1;
    while (played(jobs, staticPolicy(most)).lateShare > 0.05) most += 1;
    const fixed = played(jobs, staticPolicy(most));

    for (const maxNodes of [most, 1000]) {
      const { lateShare, nodeHours } = bounded(jobs, BOUND_SECONDS, maxNodes);
      expect(lateShare, `at most ${maxNodes} nodes`).toBeLessThanOrEqual(0.05);
      if (maxNodes === most) expect(nodeHours).toBeLessThanOrEqual(1.01 * fixed.nodeHours);
    }
  });

  it('is held by the bound: without it, most builds of a quiet service wait for a boot', () => {
    expect(bounded(office(2), undefined, 1000).lateShare).toBeGreaterThan(0.5);
  });
});

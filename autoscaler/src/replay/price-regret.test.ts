import { describe, expect, it } from 'vitest';
import type { Job } from '../capacity/job.ts';
import { MIB } from '../capacity/shape.ts';
import { loadReplayedSettings } from '../config/load.ts';
import { CapacityPolicy } from '../decide/capacity-policy.ts';
import type { BufferRule } from '../forecast/buffer-rule.ts';
import { priceRule } from '../forecast/price-rule.ts';
import { seededRandom } from '../simulate/random.ts';
import { ruledPolicy } from './policies/service.ts';
import { softlyPlaced } from './policies/soft-taints.ts';
import { replay } from './replay.ts';

const DAY = 86_400;
const START = 1_704_067_200;
/** How long a load is, the last days of which count. */
interface Days {
  readonly train: number;
  readonly all: number;
}

const NODE = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };

/** A steady load: independent pushes of three builds. */
function steady(pushesPerDay: number, days: number): readonly Job[] {
  const random = seededRandom(11);
  const jobs: Job[] = [];
  for (let at = 0; ; ) {
    at -= (Math.log(1 - random.next()) * DAY) / pushesPerDay;
    if (at > days * DAY) return jobs;
    for (let nth = 0; nth < 3; nth += 1)
      jobs.push({
        arrivedAt: START + at,
        durationSeconds: 120 - 480 * Math.log(1 - random.next()),
        request: { cpuMillicores: 1150, memoryBytes: 1700 * MIB },
      });
  }
}

function spent(
  jobs: readonly Job[],
  days: Days,
  rule: BufferRule,
): { readonly nodes: number; readonly waits: number } {
  const loaded = loadReplayedSettings({
    HANGAR_AUTOSCALER_EMPTY_FOR: '0s',
    HANGAR_AUTOSCALER_LOWER_PACE: '0s',
  });
  if ('problems' in loaded) throw new Error(loaded.problems.join('; '));
  const from = START + days.train * DAY;
  let nodes = 0;
  let waits = 0;
  replay({
    ...{ jobs, node: NODE, bootSeconds: 180, seed: 1, countFrom: from },
    policy: softlyPlaced(ruledPolicy(rule, { ...loaded.ok, policy: new CapacityPolicy(loaded.ok) })),
    onBound: (arrivedAt, at) => {
      if (arrivedAt >= from) waits += (at - arrivedAt) / 60;
    },
    onNodeGone: (orderedAt, goneAt) => {
      const until = Math.min(goneAt, START + days.all * DAY);
      nodes += Math.max(0, until - Math.max(orderedAt, from)) / 60;
    },
  });
  return { nodes, waits };
}

describe('the price rule beside the best of all constant rooms', () => {
  it.each([
    { pushesPerDay: 12, days: { train: 10, all: 13 }, rooms: [0, 3, 6] },
    { pushesPerDay: 150, days: { train: 2, all: 4 }, rooms: [0, 1, 3, 4, 6, 9] },
  ])(
    'costs at most 15 % more than exhaustive search finds afterwards: $pushesPerDay pushes a day',
    ({ pushesPerDay, days, rooms }) => {
      const jobs = steady(pushesPerDay, days.all);
      const constants = rooms.flatMap((order) =>
        rooms
          .filter((keep) => keep >= order)
          .map((keep) =>
            spent(jobs, days, { name: 'constant', bufferPods: () => order, keepPods: () => keep }),
          ),
      );
      for (const price of [1, 30, 300]) {
        const cost = ({ nodes, waits }: { readonly nodes: number; readonly waits: number }): number =>
          nodes + price * waits;
        const best = Math.min(...constants.map(cost));
        const ours = cost(
          spent(jobs, days, priceRule({ leadSeconds: 200, prices: { usual: price, byEvent: {} } })),
        );
        const regret = ours / best - 1;
        console.info(`${pushesPerDay} pushes a day, price ${price}: regret ${(100 * regret).toFixed(1)} %`);
        expect(regret, `price ${price}`).toBeLessThan(0.15);
      }
    },
    120_000,
  );
});

import { setImmediate } from 'node:timers/promises';
import type { Job } from '@hangar/autoscaler/capacity/job';
import { servicePolicy } from '@hangar/autoscaler/replay/policies/service';
import { softlyPlaced } from '@hangar/autoscaler/replay/policies/soft-taints';
import { staticPolicy } from '@hangar/autoscaler/replay/policies/static';
import type { ScalingPolicy } from '@hangar/autoscaler/replay/policy';
import { replay } from '@hangar/autoscaler/replay/replay';
import { FIRST_MONDAY } from '@hangar/autoscaler/trace/generate';
import { BOOT_SECONDS, NODE, PODS_PER_NODE, serviceWith } from '../cost/contenders.ts';
import { TRACES } from '../cost/traces.ts';
import { leastThat } from '../least-that.ts';

const DAY = 86_400;
/** The first days are for learning. */
const DAYS = { train: 7, all: 14 } as const;
const BOUNDS_SECONDS = [30, 60] as const;
/** What a 95th percentile allows. */
const ALLOWED_SHARE = 0.05;
const QUIET_AND_BUSY = [
  ...['5 a day', '10 a day', '100 a day', '200 a day', '1000 a day', 'three time zones'],
  ...['bursty', 'fat tail', 'nightly', 'nightly and office'],
];

/** What a policy did in the days that count. */
export interface BoundRun {
  /** Share of the builds that waited longer than the bound, or got no node. */
  readonly lateShare: number;
  readonly nodeHours: number;
}

/** A bound on a trace: the least fixed pool that holds it, and Hangar with the bound. */
export interface BoundCell {
  readonly trace: string;
  readonly seed: number;
  readonly boundSeconds: number;
  /** The least number of nodes that holds the bound in the days that count, known only afterwards. */
  readonly fixedNodes: number;
  readonly fixed: BoundRun;
  /** With the default maximum of nodes, without and with the bound. */
  readonly unbounded: BoundRun;
  readonly bounded: BoundRun;
  /** With the nodes of the fixed pool as its maximum. */
  readonly tight: BoundRun;
}

export const holds = ({ lateShare }: BoundRun): boolean => lateShare <= ALLOWED_SHARE;

function play(jobs: readonly Job[], policy: ScalingPolicy, boundSeconds: number, seed: number): BoundRun {
  const countFrom = FIRST_MONDAY + DAYS.train * DAY;
  let inTime = 0;
  const result = replay({
    ...{ jobs, node: NODE, bootSeconds: BOOT_SECONDS, seed, countFrom, policy },
    onBound: (arrivedAt, at) => {
      if (arrivedAt >= countFrom && at - arrivedAt <= boundSeconds) inTime += 1;
    },
  });
  return { lateShare: 1 - inTime / result.jobs, nodeHours: result.nodeHours };
}

/** Nodes that are busy all the time with these builds: with fewer, the queue would never end. */
function leastNodes(jobs: readonly Job[]): number {
  const seconds = jobs.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  return Math.max(1, Math.floor(seconds / (DAYS.all * DAY * PODS_PER_NODE)));
}

function cellOf(trace: string, jobs: readonly Job[], boundSeconds: number, seed: number): BoundCell {
  const fixedOf = (nodes: number): BoundRun => play(jobs, staticPolicy(nodes), boundSeconds, seed);
  const oursWith = (env: Readonly<Record<string, string>>): BoundRun =>
    play(jobs, softlyPlaced(servicePolicy(serviceWith(env))), boundSeconds, seed);
  const fixedNodes = leastThat(leastNodes(jobs), (nodes) => holds(fixedOf(nodes)));
  const bound = { HANGAR_AUTOSCALER_WAIT_BOUND: `${boundSeconds}s` };
  return {
    ...{ trace, seed, boundSeconds, fixedNodes, fixed: fixedOf(fixedNodes) },
    unbounded: oursWith({}),
    bounded: oursWith(bound),
    tight: oursWith({ ...bound, HANGAR_AUTOSCALER_MAX_NODES: String(fixedNodes) }),
  };
}

/** Nothing was tuned on these. */
export const BOUND_SEEDS = [7201, 7202] as const;

/** Whether a bound is held where a fixed pool holds it. */
export async function playBounds(
  seeds: readonly number[],
  tell: { readonly say: (text: string) => void; readonly stop: AbortSignal },
): Promise<readonly BoundCell[]> {
  const cells: BoundCell[] = [];
  for (const trace of TRACES.filter(({ name }) => QUIET_AND_BUSY.includes(name)))
    for (const seed of seeds) {
      const jobs = trace.jobs(seed).filter(({ arrivedAt }) => arrivedAt < FIRST_MONDAY + DAYS.all * DAY);
      for (const boundSeconds of BOUNDS_SECONDS) {
        await setImmediate();
        tell.stop.throwIfAborted();
        tell.say(`bench: bound: ${trace.name}, ${boundSeconds} s, seed ${seed}`);
        cells.push(cellOf(trace.name, jobs, boundSeconds, seed));
      }
    }
  return cells;
}

import { replay } from '@hangar/autoscaler/replay/replay';
import { FIRST_MONDAY } from '@hangar/autoscaler/trace/generate';
import { BOOT_SECONDS, type Contender, NODE } from './contenders.ts';
import type { BenchTrace } from './traces.ts';

const DAY = 86_400;

/** What some days of a replay cost. */
export interface Spent {
  readonly nodeMinutes: number;
  readonly waitMinutes: number;
}

/** One policy on one trace with one seed. */
export interface CellRun {
  readonly policy: string;
  readonly training: Spent;
  readonly counted: Spent;
  readonly jobs: number;
  readonly waitP95Seconds: number;
  readonly boots: number;
}

/** Sums up what happened within a span of time. */
class Account {
  readonly #from: number;
  readonly #to: number;
  #nodeSeconds = 0;
  #waitSeconds = 0;

  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  node(orderedAt: number, goneAt: number): void {
    this.#nodeSeconds += Math.max(0, Math.min(goneAt, this.#to) - Math.max(orderedAt, this.#from));
  }

  bound(arrivedAt: number, boundAt: number): void {
    if (arrivedAt >= this.#from && arrivedAt < this.#to) this.#waitSeconds += boundAt - arrivedAt;
  }

  get spent(): Spent {
    return { nodeMinutes: this.#nodeSeconds / 60, waitMinutes: this.#waitSeconds / 60 };
  }
}

/** Plays one cell. */
export function playCell(trace: BenchTrace, contender: Contender, seed: number): CellRun {
  const jobs = trace.jobs(seed);
  const countFrom = FIRST_MONDAY + trace.trainDays * DAY;
  const training = new Account(jobs[0]?.arrivedAt ?? 0, countFrom);
  const counted = new Account(countFrom, (jobs.at(-1)?.arrivedAt ?? 0) + 1);
  const accounts = [training, counted];
  const result = replay({
    ...{ jobs, node: NODE, bootSeconds: BOOT_SECONDS, seed, countFrom },
    policy: contender.make({ jobs, countFrom }),
    onBound: (arrivedAt, at) => accounts.forEach((account) => account.bound(arrivedAt, at)),
    onNodeGone: (orderedAt, at) => accounts.forEach((account) => account.node(orderedAt, at)),
  });
  return {
    policy: result.policy,
    training: training.spent,
    counted: counted.spent,
    jobs: result.jobs,
    waitP95Seconds: result.waitSeconds.p95,
    boots: result.boots,
  };
}

/** Node-minutes, and the price of the minutes that builds waited. */
export const totalCost = ({ nodeMinutes, waitMinutes }: Spent, price: number): number =>
  nodeMinutes + price * waitMinutes;

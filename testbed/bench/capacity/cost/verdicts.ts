import { type CellRun, type Spent, totalCost } from './cell.ts';

/** All seeds of one policy on one trace. */
export interface TraceRuns {
  readonly trace: string;
  readonly policy: string;
  readonly side: 'ours' | 'other' | 'bound';
  /** Set for ours, which is played for each price. */
  readonly price?: number | undefined;
  readonly runs: readonly CellRun[];
}

/** One trace at one price: what it cost, and beside whom. */
export interface Verdict {
  readonly trace: string;
  /** Node-minutes for each minute that a build waits. */
  readonly price: number;
  readonly ours: number;
  /** The other policy that cost least in the training days. */
  readonly chosen: string;
  readonly chosenCost: number;
  /** The other policy that cost least in the days that count, known only afterwards. */
  readonly best: string;
  readonly bestCost: number;
  /** The better of Cluster Autoscaler and Karpenter. */
  readonly engineCost: number;
  readonly boundCost: number;
}

/** Prices of waiting that are judged. */
export const PRICES = [1, 30, 300] as const;
const ENGINES = ['cluster-autoscaler', 'karpenter'];

const meanCost = ({ runs }: TraceRuns, price: number, days: 'training' | 'counted'): number => {
  const cost = (run: CellRun): number => totalCost(run[days] satisfies Spent, price);
  return runs.reduce((sum, run) => sum + cost(run), 0) / Math.max(1, runs.length);
};

const cheapest = (runs: readonly TraceRuns[], cost: (one: TraceRuns) => number): TraceRuns | undefined =>
  runs.toSorted((one, other) => cost(one) - cost(other))[0];

/** Ours beside the others, for each trace and price; traces without ours or without others are left out. */
export function verdictsOf(all: readonly TraceRuns[]): readonly Verdict[] {
  return [...Map.groupBy(all, ({ trace }) => trace)].flatMap(([trace, runs]) =>
    PRICES.flatMap((price) => verdictOf(trace, price, runs) ?? []),
  );
}

function verdictOf(trace: string, price: number, runs: readonly TraceRuns[]): Verdict | undefined {
  const counted = (one: TraceRuns): number => meanCost(one, price, 'counted');
  const others = runs.filter(({ side }) => side === 'other');
  const ours = runs.find((one) => one.side === 'ours' && one.price === price);
  const chosen = cheapest(others, (one) => meanCost(one, price, 'training'));
  const best = cheapest(others, counted);
  const engine = cheapest(
    others.filter(({ policy }) => ENGINES.includes(policy)),
    counted,
  );
  const bound = runs.find(({ side }) => side === 'bound');
  if (ours === undefined || chosen === undefined || best === undefined) return undefined;
  return {
    ...{ trace, price, ours: counted(ours) },
    ...{ chosen: chosen.policy, chosenCost: counted(chosen), best: best.policy, bestCost: counted(best) },
    engineCost: engine === undefined ? Number.NaN : counted(engine),
    boundCost: bound === undefined ? Number.NaN : counted(bound),
  };
}

/** At most so many times the cost of the others. */
export const LIMITS = { chosen: 1.03, best: 1.1 } as const;

/** Whether ours holds both limits on this trace at this price. */
export const isHeld = ({ ours, chosenCost, bestCost }: Verdict): boolean =>
  ours <= LIMITS.chosen * chosenCost && ours <= LIMITS.best * bestCost;

/** The share of the gap between the better engine and the bound that ours closes; 1 is the bound. */
export const gapClosed = ({ ours, engineCost, boundCost }: Verdict): number =>
  (engineCost - ours) / (engineCost - boundCost);

/** The median over all cells of how much ours is below the better engine, as a share of its cost. */
export function medianBelowEngines(verdicts: readonly Verdict[]): number {
  const below = verdicts
    .map(({ ours, engineCost }) => 1 - ours / engineCost)
    .sort((one, other) => one - other);
  const middle = below.length / 2;
  return ((below[Math.ceil(middle) - 1] ?? 0) + (below[Math.floor(middle)] ?? 0)) / 2;
}

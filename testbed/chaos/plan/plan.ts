import { type Random, seededRandom } from '@hangar/autoscaler/simulate/random';
import type { FaultAction } from './actions.ts';
import type { FaultKind } from './kinds.ts';

/** A planned build, with the number of its shape. Times in milliseconds since the start of the run. */
export interface PlannedBuild {
  readonly number: number;
  readonly shape: number;
  readonly atMs: number;
}

/** A planned fault. */
export interface PlannedFault {
  readonly number: number;
  readonly kind: string;
  readonly atMs: number;
  readonly action: FaultAction;
}

/** The builds and faults of one run. */
export interface Plan {
  readonly seed: number;
  readonly builds: readonly PlannedBuild[];
  readonly faults: readonly PlannedFault[];
}

/** Parameters of a plan. */
export interface PlanRequest {
  readonly seed: number;
  readonly builds: number;
  readonly faults: number;
  /** Builds and faults are spread over this time. */
  readonly spanMs: number;
  readonly shapes: number;
  readonly kinds: readonly FaultKind[];
}

/** Faults start after the first builds have started. */
const FIRST_FAULT_MS = 3_000;

/** Returns the same plan for the same request. Each kind of fault and each shape has an equal share. Pure. */
export function planOf({ seed, builds, faults, spanMs, shapes, kinds }: PlanRequest): Plan {
  const random = seededRandom(seed);
  const shapeOrder = shuffled(random, equalShares(builds, shapes));
  const builtAtMs = times(random, builds, [0, spanMs]);
  const kindOrder = shuffled(random, equalShares(kinds.length === 0 ? 0 : faults, kinds.length));
  const faultAtMs = times(random, kindOrder.length, [Math.min(FIRST_FAULT_MS, spanMs), spanMs]);
  return {
    seed,
    builds: shapeOrder.map((shape, nth) => ({ number: nth + 1, shape, atMs: builtAtMs[nth] ?? 0 })),
    faults: kindOrder.flatMap((which, nth) => {
      const kind = kinds[which];
      const number = nth + 1;
      if (!kind) return [];
      return [{ number, kind: kind.name, atMs: faultAtMs[nth] ?? 0, action: kind.make(random) }];
    }),
  };
}

/** 0, 1, 2, 0, 1, 2, ... */
const equalShares = (count: number, of: number): readonly number[] =>
  Array.from({ length: count }, (_, nth) => nth % of);

/** In ascending order. */
const times = (random: Random, count: number, [fromMs, toMs]: readonly [number, number]): readonly number[] =>
  Array.from({ length: count }, () => fromMs + Math.floor(random.next() * (toMs - fromMs))).sort(
    (a, b) => a - b,
  );

function shuffled<T>(random: Random, all: readonly T[]): readonly T[] {
  return all
    .map((one) => ({ one, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ one }) => one);
}

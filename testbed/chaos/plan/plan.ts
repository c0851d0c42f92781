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

/** Returns the same plan for the same request. Each kind of fault but the rare ones, and each shape, has an equal share. Pure. */
export function planOf({ seed, builds, faults, spanMs, shapes, kinds }: PlanRequest): Plan {
  const random = seededRandom(seed);
  const shapeOrder = shuffled(random, equalShares(builds, shapes));
  const builtAtMs = times(random, builds, [0, spanMs]);
  const kindOrder = shuffled(random, sharesOf(kinds, faults, spanMs));
  const faultAtMs = times(random, kindOrder.length, [Math.min(FIRST_FAULT_MS, spanMs), spanMs]);
  return {
    seed,
    builds: shapeOrder.map((shape, nth) => ({ number: nth + 1, shape, atMs: builtAtMs[nth] ?? 0 })),
    faults: kindOrder.map((kind, nth) => ({
      ...{ number: nth + 1, kind: kind.name, atMs: faultAtMs[nth] ?? 0 },
      action: kind.make(random),
    })),
  };
}

/** The kind of each fault. Rare kinds have no share of a run that is too short for them, unless it has no others. */
function sharesOf(kinds: readonly FaultKind[], faults: number, spanMs: number): readonly FaultKind[] {
  const isUsual = ({ everyMs }: FaultKind): boolean => everyMs === undefined;
  const usual = kinds.some(isUsual) ? kinds.filter(isUsual) : kinds;
  const rare = kinds.flatMap((kind) =>
    usual.includes(kind)
      ? []
      : Array.from({ length: Math.floor(spanMs / (kind.everyMs ?? spanMs)) }, () => kind),
  );
  const few = rare.slice(0, faults);
  const shares = equalShares(usual.length === 0 ? 0 : faults - few.length, usual.length);
  return [...few, ...shares.flatMap((which) => usual[which] ?? [])];
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

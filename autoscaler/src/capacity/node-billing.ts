/** How nodes are billed, and how long they live at least. Milliseconds. */
export interface NodeBilling {
  /** Started units of this length are paid for. */
  readonly unitMs: number;
  /** No node is removed before this age. */
  readonly leastLifeMs: number;
}

/** In units longer than this a node is removed near the end of one: what is left is paid for, and may yet be used. */
const SHORT_UNIT_MS = 1_200_000;
/** From the beginning of the time in which nodes are removed to the end of the unit, and how long before the end it is over. */
const BEFORE_END = { fromMs: 600_000, untilMs: 120_000 } as const;

/** Whether a node of this age may be removed: not before its least life, and late in a unit that is paid for anyway. */
export function mayGo(ageMs: number, { unitMs, leastLifeMs }: NodeBilling): boolean {
  if (ageMs < leastLifeMs) return false;
  if (unitMs <= SHORT_UNIT_MS) return true;
  const leftMs = unitMs - (ageMs % unitMs);
  return leftMs <= BEFORE_END.fromMs && leftMs >= BEFORE_END.untilMs;
}

/** The time that is paid for, for a node that lived so long. */
export const billedSeconds = (lifeSeconds: number, unitMs: number): number =>
  unitMs <= 0 ? lifeSeconds : Math.ceil((lifeSeconds * 1000) / unitMs) * (unitMs / 1000);

import type { Ledger } from '../store/ledger.ts';

/** Health in words. */
export interface Health {
  readonly ok: boolean;
  /** Why it is not. */
  readonly reasons: readonly string[];
  /** What else is worth knowing. */
  readonly conditions: readonly string[];
}

/** Whether a true recommendation stands. Pure. */
export function readiness({ recommendation, staleSinceMs, conditions }: Ledger): Health {
  const stale = conditions.filter(({ weight }) => weight === 'stale').map(({ text }) => text);
  const others = conditions.filter(({ weight }) => weight !== 'stale').map(({ text }) => text);
  if (recommendation === undefined && stale.length === 0)
    return { ok: false, reasons: ['starting: nothing has been looked at yet'], conditions: others };
  const ok = recommendation !== undefined && staleSinceMs === undefined;
  return { ok, reasons: ok ? [] : stale, conditions: others };
}

/** Ticks end within seconds; after this long without one only a restart helps. */
const STUCK_MS = 600_000;

/** Whether a restart would help. Pure. @param beganMs when the service began, and now, by a clock that never jumps */
export function liveness({ tickedMs }: Ledger, beganMs: number, nowMs: number): Health {
  const silentMs = nowMs - (tickedMs ?? beganMs);
  const stuck = silentMs > STUCK_MS;
  return {
    ok: !stuck,
    reasons: stuck ? [`no tick has ended for ${Math.round(silentMs / 1000)} s`] : [],
    conditions: [],
  };
}

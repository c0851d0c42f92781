import type { Ledger } from '../history/ledger.ts';
import { staleSinceMs } from './validity.ts';

/** A health status with text. */
export interface Health {
  readonly ok: boolean;
  /** Why it is not healthy. */
  readonly reasons: readonly string[];
  /** Other conditions worth reporting. */
  readonly conditions: readonly string[];
}

/** Whether there is a valid recommendation. Pure. */
export function readiness(ledger: Ledger, nowMs: number): Health {
  const { recommendation } = ledger;
  const texts = (isStale: boolean): readonly string[] =>
    ledger.conditions.filter(({ weight }) => (weight === 'stale') === isStale).map(({ text }) => text);
  const [stale, conditions] = [texts(true), texts(false)];
  if (recommendation === undefined && stale.length === 0)
    return { ok: false, reasons: ['starting: no data has been collected yet'], conditions };
  const sinceMs = staleSinceMs(ledger, nowMs);
  if (recommendation !== undefined && sinceMs === undefined) return { ok: true, reasons: [], conditions };
  const late = `the last recommendation is ${Math.round((nowMs - (recommendation?.atMs ?? nowMs)) / 1000)} s old: ticks hang or take too long`;
  return { ok: false, reasons: stale.length > 0 ? stale : [late], conditions };
}

/** Ticks end within seconds; after this time without one only a restart helps. */
const STUCK_MS = 600_000;

/** Liveness. Pure. @param beganMs start of the service, and now, by a monotonic clock */
export function liveness({ tickedMs }: Ledger, beganMs: number, nowMs: number): Health {
  const silentMs = nowMs - (tickedMs ?? beganMs);
  const stuck = silentMs > STUCK_MS;
  return {
    ok: !stuck,
    reasons: stuck ? [`no tick has completed for ${Math.round(silentMs / 1000)} s`] : [],
    conditions: [],
  };
}

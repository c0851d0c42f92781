import type { Recommendation } from '../decide/recommendation.ts';
import type { Ledger } from '../history/ledger.ts';

/** Ticks may be late by this much without anybody being told that an answer is old. */
const LEAST_MS = 60_000;

/** Until when an answer looks ahead, in milliseconds since 1970: its lead time, which two ticks are part of. */
export const validUntilMs = ({ atMs, leadSeconds }: Pick<Recommendation, 'atMs' | 'leadSeconds'>): number =>
  atMs + Math.max(LEAST_MS, leadSeconds * 1000);

/** Since when the answer is no longer true: nothing newer could be decided, or (ticks hang) nobody has tried. Pure. */
export function staleSinceMs(ledger: Ledger, nowMs: number): number | undefined {
  if (ledger.staleSinceMs !== undefined || ledger.recommendation === undefined) return ledger.staleSinceMs;
  const untilMs = validUntilMs(ledger.recommendation);
  return nowMs > untilMs ? untilMs : undefined;
}

import type { Recommendation } from '../decide/recommendation.ts';
import type { Ledger } from '../history/ledger.ts';

/** Ticks may be late by this much before an answer is reported as stale. */
const LEAST_MS = 60_000;

/** Until when an answer is valid, in milliseconds since 1970: its lead time, which includes two ticks. */
export const validUntilMs = ({ atMs, leadSeconds }: Pick<Recommendation, 'atMs' | 'leadSeconds'>): number =>
  atMs + Math.max(LEAST_MS, leadSeconds * 1000);

/** Since when the answer is no longer valid: no newer decision was possible, or (ticks hang) its validity has ended. Pure. */
export function staleSinceMs(ledger: Ledger, nowMs: number): number | undefined {
  if (ledger.staleSinceMs !== undefined || ledger.recommendation === undefined) return ledger.staleSinceMs;
  const untilMs = validUntilMs(ledger.recommendation);
  return nowMs > untilMs ? untilMs : undefined;
}

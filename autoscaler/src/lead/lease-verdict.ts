import type { V1Lease } from '@kubernetes/client-node';

/** The leader stops all actions at this share of its term without a renewal; the rest is for calls in progress. */
export const SAFE_SHARE = 2 / 3;

/** The version of the Lease that was last seen, and since when, on the monotonic clock in milliseconds. */
export interface ObservedLease {
  readonly version: string;
  readonly sinceMs: number;
}

/** The state after one more read; an unchanged Lease keeps its time. */
export function observedLease(
  before: ObservedLease | undefined,
  lease: V1Lease | undefined,
  nowMs: number,
): ObservedLease | undefined {
  const version = lease?.metadata?.resourceVersion;
  if (version === undefined) return undefined;
  return before?.version === version ? before : { version, sinceMs: nowMs };
}

/**
 * The owner of the Lease: `ours` to renew, `free` to take, or `theirs`. It belongs to another replica for its whole term since the
 * last observed change.
 */
export function verdict(
  lease: V1Lease | undefined,
  known: ObservedLease | undefined,
  us: { readonly replica: string; readonly termMs: number },
  nowMs: number,
): 'ours' | 'free' | 'theirs' {
  const holder = lease?.spec?.holderIdentity;
  if (!lease || !holder) return 'free';
  if (holder === us.replica) return 'ours';
  const termMs = Math.max(us.termMs, (lease.spec?.leaseDurationSeconds ?? 0) * 1000);
  return known !== undefined && nowMs - known.sinceMs >= termMs ? 'free' : 'theirs';
}

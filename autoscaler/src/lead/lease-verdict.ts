import type { V1Lease } from '@kubernetes/client-node';

/** At this share of its term without a renewal the leader stops all acts; the rest is for calls under way. */
export const SAFE_SHARE = 2 / 3;

/** The version of the Lease that was seen, and since when, on the monotonic clock in milliseconds. */
export interface Seen {
  readonly version: string;
  readonly sinceMs: number;
}

/** What is known after one more look; a Lease that hasn't changed is as old as before. */
export function seen(before: Seen | undefined, lease: V1Lease | undefined, nowMs: number): Seen | undefined {
  const version = lease?.metadata?.resourceVersion;
  if (version === undefined) return undefined;
  return before?.version === version ? before : { version, sinceMs: nowMs };
}

/** Whose is leadership: `ours` to renew, `free` to take, or `theirs`. A Lease is theirs for its own whole term since it was seen to change. */
export function verdict(
  lease: V1Lease | undefined,
  known: Seen | undefined,
  us: { readonly replica: string; readonly termMs: number },
  nowMs: number,
): 'ours' | 'free' | 'theirs' {
  const holder = lease?.spec?.holderIdentity;
  if (!lease || !holder) return 'free';
  if (holder === us.replica) return 'ours';
  const termMs = Math.max(us.termMs, (lease.spec?.leaseDurationSeconds ?? 0) * 1000);
  return known !== undefined && nowMs - known.sinceMs >= termMs ? 'free' : 'theirs';
}

import type { V1Lease } from '@kubernetes/client-node';

/** What is remembered of another replica's Lease: its last version, and when we first saw that, by our monotonic clock. */
export interface Observation {
  readonly version: string;
  readonly sinceMs: number;
}

export type Observations = ReadonlyMap<string, Observation>;

/** Others' clocks are not to be trusted: only how long a Lease stood still before our own eyes counts. */
const MARGIN_MS = 1_000;
/** For a Lease that says no term of its own (somebody edited it): longer than any sensible one. */
const UNKNOWN_TERM_SECONDS = 120;

/**
 * Which replicas have died, by their Leases as listed now. Pure.
 *
 * @param before what was remembered at the last round
 * @returns names of Leases that were let go, or stood still longer than their term; and what to remember
 */
export function deadOwners(
  leases: readonly V1Lease[],
  own: string,
  before: Observations,
  nowMs: number,
): { dead: readonly V1Lease[]; observations: Observations } {
  const observations = new Map<string, Observation>();
  const dead: V1Lease[] = [];
  for (const lease of leases) {
    const name = lease.metadata?.name ?? '';
    if (name === own) continue;
    const observation = sightingOf(lease, before.get(name), nowMs);
    observations.set(name, observation);
    if (isDead(lease, observation, nowMs)) dead.push(lease);
  }
  return { dead, observations };
}

function sightingOf(lease: V1Lease, before: Observation | undefined, nowMs: number): Observation {
  const version = lease.metadata?.resourceVersion ?? '';
  return before?.version === version ? before : { version, sinceMs: nowMs };
}

function isDead(lease: V1Lease, observation: Observation, nowMs: number): boolean {
  if (!lease.spec?.holderIdentity) return true;
  const termMs = (lease.spec.leaseDurationSeconds || UNKNOWN_TERM_SECONDS) * 1000;
  return nowMs - observation.sinceMs > termMs + MARGIN_MS;
}

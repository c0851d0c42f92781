import type { V1Lease } from '@kubernetes/client-node';

/** What is remembered of another replica's Lease: its last version, and when we first saw that, by our monotonic clock. */
export interface Sighting {
  readonly version: string;
  readonly sinceMs: number;
}

export type Sightings = ReadonlyMap<string, Sighting>;

/** Others' clocks are not to be trusted: only how long a Lease stood still before our own eyes counts. */
const MARGIN_MS = 1_000;
/** For a Lease that says no term of its own (somebody edited it): longer than any sensible one. */
const UNKNOWN_TERM_SECONDS = 120;

/**
 * Which replicas have died, by their Leases as listed now. Pure.
 *
 * @param before what was remembered at the last look
 * @returns names of Leases that were let go, or stood still longer than their term; and what to remember
 */
export function deadOwners(
  leases: readonly V1Lease[],
  own: string,
  before: Sightings,
  nowMs: number,
): { dead: readonly V1Lease[]; sightings: Sightings } {
  const sightings = new Map<string, Sighting>();
  const dead: V1Lease[] = [];
  for (const lease of leases) {
    const name = lease.metadata?.name ?? '';
    if (name === own) continue;
    const sighting = sightingOf(lease, before.get(name), nowMs);
    sightings.set(name, sighting);
    if (isDead(lease, sighting, nowMs)) dead.push(lease);
  }
  return { dead, sightings };
}

function sightingOf(lease: V1Lease, before: Sighting | undefined, nowMs: number): Sighting {
  const version = lease.metadata?.resourceVersion ?? '';
  return before?.version === version ? before : { version, sinceMs: nowMs };
}

function isDead(lease: V1Lease, sighting: Sighting, nowMs: number): boolean {
  if (!lease.spec?.holderIdentity) return true;
  const termMs = (lease.spec.leaseDurationSeconds || UNKNOWN_TERM_SECONDS) * 1000;
  return nowMs - sighting.sinceMs > termMs + MARGIN_MS;
}

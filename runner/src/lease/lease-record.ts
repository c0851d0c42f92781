import type { V1Lease } from '@kubernetes/client-node';
import { LABEL } from '../pipeline/compiled.ts';

/** A stage that is about to be accepted, or is accepted and has no Pod yet: what a crash must not lose (gate.md §4). */
export interface Intent {
  readonly stageId: number;
  readonly buildId: number;
  /** The name under which it is accepted at the server. */
  readonly machine: string;
}

/** Annotations of a replica's Lease. */
export const LEASE_ANNOTATION = {
  /** JSON: Intent[]. */
  intents: 'hangar.dev/intents',
  /** JSON: names of namespaces in which this replica has Pods. */
  namespaces: 'hangar.dev/namespaces',
} as const;

/** Leases of runners, by label. */
export const LEASE_SELECTION = { labelSelector: `${LABEL.managedBy}=${LABEL.managedByValue}` };

/** Intents kept in a Lease; none when it has none, and those left out that can't be read (somebody edited it). */
export function intentsOf(lease: V1Lease): readonly Intent[] {
  return listOf(lease, LEASE_ANNOTATION.intents).filter(isIntent);
}

function isIntent(value: unknown): value is Intent {
  const { stageId, buildId, machine } = Object(value) as Partial<Record<keyof Intent, unknown>>;
  return Number.isInteger(stageId) && Number.isInteger(buildId) && typeof machine === 'string';
}

/** Namespaces in which that replica had Pods. */
export function namespacesOf(lease: V1Lease): readonly string[] {
  return listOf(lease, LEASE_ANNOTATION.namespaces).filter((one): one is string => typeof one === 'string');
}

function listOf(lease: V1Lease, key: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(lease.metadata?.annotations?.[key] ?? '[]');
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** A name for the Lease of a replica: DNS-1123, from its host name. */
export function leaseName(replica: string): string {
  const slug = replica
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return `hangar-runner-${slug || 'unnamed'}`.slice(0, 253).replace(/[^a-z0-9]+$/, '');
}

import type { Pod } from '../api/pod.ts';
import { PODS } from '../api/resources.ts';
import { forbidden } from '../api/status-errors.ts';
import type { Store } from '../api/store.ts';

/** Classes that every cluster has. */
const SYSTEM: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

/**
 * What the Priority admission plugin does to a new Pod: gives it the number of its class. Changes `pod`.
 *
 * @throws {ApiError} 403 when there is no such class
 */
export function admitPriority(store: Store, pod: Pod): void {
  const name = pod.spec.priorityClassName ?? '';
  if (name === '') return;
  const value = SYSTEM[name] ?? store.get('priorityclasses.scheduling.k8s.io', '', name)?.['value'];
  if (typeof value !== 'number') {
    throw forbidden(PODS, pod.metadata.name, `no PriorityClass with name ${name} was found`);
  }
  pod.spec.priority = value;
}

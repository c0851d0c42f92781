import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION } from '../pipeline/compiled.ts';

const ownerOf = (pod: V1Pod): string => pod.metadata?.annotations?.[ANNOTATION.owner] ?? '';

/** Pods of this replica that the scheduler has no node for now. Pure. */
export function unschedulablePods(pods: readonly V1Pod[], own: string): number {
  return pods.filter((pod) => ownerOf(pod) === own && isUnschedulable(pod)).length;
}

function isUnschedulable(pod: V1Pod): boolean {
  const scheduled = pod.status?.conditions?.find((one) => one.type === 'PodScheduled');
  return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable';
}

/**
 * Pods whose owner is not this replica and is not among the living. Those on their way out don't count. Pure.
 *
 * @param living owners (`<namespace>/<lease>`) whose Lease is renewed; undefined: not looked at yet, which gives 0
 */
export function orphanedPods(
  pods: readonly V1Pod[],
  own: string,
  living: ReadonlySet<string> | undefined,
): number {
  if (!living) return 0;
  return pods.filter((pod) => {
    const owner = ownerOf(pod);
    return owner !== own && !living.has(owner) && !pod.metadata?.deletionTimestamp;
  }).length;
}

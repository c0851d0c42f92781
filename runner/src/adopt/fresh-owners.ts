import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import type { PodOrigin } from '../launch/pod-origin.ts';
import type { ReplicaRecord } from '../lease/replica-record.ts';
import { LABEL } from '../pipeline/compiled.ts';
import type { PodWatch } from '../watch/pod-watch.ts';
import { ownersByStage, podsOfStages } from './pod-owner.ts';

/** Pods of runners, by label. */
export const POD_SELECTION = { labelSelector: `${LABEL.managedBy}=${LABEL.managedByValue}` };

/** What the owners of Pods are determined with. */
export interface OwnerParts {
  readonly cluster: Cluster;
  readonly lease: Pick<ReplicaRecord, 'server'>;
  readonly podWatch: PodWatch;
  readonly origin: PodOrigin;
}

/** The owners of those stages' Pods, by stage, as the watch has them. A Pod that no runner made has none. */
export async function watchedOwners(
  { lease, podWatch, origin }: OwnerParts,
  stageIds: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  return ownersByStage(await origin.oursOf(podsOfStages(podWatch.pods, stageIds, lease.server), signal));
}

/** The same as the API server has them now: the watch may be behind. A namespace that can't be listed has none. */
export async function freshOwners(
  { cluster, lease, podWatch, origin }: OwnerParts,
  {
    stageIds,
    namespaces,
  }: { readonly stageIds: ReadonlySet<number>; readonly namespaces: readonly string[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  const pods = [...podWatch.pods];
  for (const namespace of namespaces) {
    const list = cluster.list<V1Pod>({ resource: RESOURCE.pods, namespace }, POD_SELECTION, signal);
    const listed = await list.catch((error: unknown) => {
      if (isKubernetesError(error, 403, 404)) return { items: [] };
      throw error;
    });
    pods.push(...listed.items);
  }
  return ownersByStage(await origin.oursOf(podsOfStages(pods, stageIds, lease.server), signal));
}

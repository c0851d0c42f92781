import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import type { PodOrigin } from '../launch/pod-origin.ts';
import type { ReplicaRecord } from '../lease/replica-record.ts';
import { LABEL } from '../pipeline/compiled.ts';
import type { PodWatch } from '../watch/pod-watch.ts';
import { ownersByStage, podsOfStages } from './pod-owner.ts';

interface OwnerParts {
  readonly cluster: Cluster;
  readonly lease: Pick<ReplicaRecord, 'server'>;
  readonly origin: PodOrigin;
  readonly podWatch: PodWatch;
}

const POD_SELECTION = { labelSelector: `${LABEL.managedBy}=${LABEL.managedByValue}` };

/** By stage the owner of its Pod, as the API server has it now: the watch may be behind. A namespace that can't be listed has none. */
export async function freshOwners(
  { cluster, lease, origin, podWatch }: OwnerParts,
  { stageIds, namespaces }: { readonly stageIds: readonly number[]; readonly namespaces: readonly string[] },
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
  return ownersByStage(await origin.oursOf(podsOfStages(pods, new Set(stageIds), lease.server), signal));
}

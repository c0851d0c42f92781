import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import type { OwnLease } from '../lease/own-lease.ts';
import { LABEL } from '../pipeline/compiled.ts';
import type { PodWatch } from '../watch/pod-watch.ts';
import { ownersByStage } from './pod-owner.ts';

const POD_SELECTION = { labelSelector: `${LABEL.managedBy}=${LABEL.managedByValue}` };

/** By stage the owner of its Pod, as the API server has it now: the watch may be behind. A namespace that can't be listed has none. */
export async function freshOwners(
  {
    cluster,
    lease,
    podWatch,
  }: { readonly cluster: Cluster; readonly lease: Pick<OwnLease, 'server'>; readonly podWatch: PodWatch },
  namespaces: readonly string[],
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
  return ownersByStage(pods, lease.server);
}

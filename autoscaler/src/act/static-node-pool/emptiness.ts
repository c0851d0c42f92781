import { type Cluster, ifPresent, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Node, V1Pod } from '@kubernetes/client-node';
import type { Taint } from '../../capacity/scheduling.ts';
import { CLOSING_TAINT, isTaint } from '../../capacity/pool-node.ts';
import { occupants } from './occupants.ts';

/**
 * Looks whether that very node is still closed and holds nobody: yes, or what is odd, in words. It asks the API server for its newest
 * state (a list without a version), so whatever happened before the call is seen, as no watch could promise.
 *
 * @throws {KubernetesError} when it can't be seen
 */
export async function whyNotTaken(
  cluster: Cluster,
  node: { readonly name: string; readonly uid: string | undefined },
  signal: AbortSignal,
): Promise<string | undefined> {
  const now = await ifPresent(cluster.get<V1Node>({ resource: RESOURCE.nodes, name: node.name }, signal));
  if (!now || (node.uid !== undefined && now.metadata?.uid !== node.uid)) return 'it is another node now';
  if (!isClosed(now)) return 'somebody opened it';
  const selection = { fieldSelector: `spec.nodeName=${node.name}` };
  const pods = await cluster.list<V1Pod>({ resource: RESOURCE.pods }, selection, signal);
  return whoIsThere(occupants(pods.items, node.name));
}

const isClosed = ({ spec }: V1Node): boolean =>
  (spec?.taints ?? []).some(({ key, effect }) =>
    isTaint({ key, effect: effect as Taint['effect'] }, CLOSING_TAINT),
  );

function whoIsThere([first, ...more]: readonly V1Pod[]): string | undefined {
  if (!first) return undefined;
  const others = more.length > 0 ? ` and ${more.length} more` : '';
  return `${first.metadata?.namespace ?? ''}/${first.metadata?.name ?? ''}${others} came before it closed`;
}

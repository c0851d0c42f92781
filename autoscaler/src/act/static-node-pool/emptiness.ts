import { type Cluster, ifPresent, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { CLOSING_TAINT, isTaint } from '../../capacity/pool-node.ts';
import type { Taint } from '../../capacity/scheduling.ts';
import { PLACEHOLDER_LABEL } from '../placeholder.ts';

const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/**
 * Why that very node must stay: it is not closed any more, or holds a Pod; undefined: it may be taken. It asks the API server for its
 * newest state (a list without a version), so it sees all that happened before the call, as no watch could promise.
 *
 * @throws {KubernetesError} when it can't be seen
 */
export async function removalBlocker(
  cluster: Cluster,
  node: { readonly name: string; readonly uid: string | undefined },
  signal: AbortSignal,
): Promise<string | undefined> {
  const now = await ifPresent(cluster.get<V1Node>({ resource: RESOURCE.nodes, name: node.name }, signal));
  if (!now || (node.uid !== undefined && now.metadata?.uid !== node.uid)) return 'the node was replaced';
  if (!isClosed(now)) return 'it was uncordoned by another client';
  const selection = { fieldSelector: `spec.nodeName=${node.name}` };
  const pods = await cluster.list<V1Pod>({ resource: RESOURCE.pods }, selection, signal);
  return textOf(blockingPods(pods.items, node.name));
}

const isClosed = ({ spec }: V1Node): boolean =>
  (spec?.taints ?? []).some(({ key, effect }) =>
    isTaint({ key, effect: effect as Taint['effect'] }, CLOSING_TAINT),
  );

function textOf([first, ...more]: readonly V1Pod[]): string | undefined {
  if (!first) return undefined;
  const others = more.length > 0 ? ` and ${more.length} more` : '';
  return `${first.metadata?.namespace ?? ''}/${first.metadata?.name ?? ''}${others} was scheduled before it was cordoned`;
}

/**
 * Pods for whose sake a node must stay: all that haven't ended, whoever's they are, even while they are being deleted. Not those that
 * belong to the node itself (DaemonSets, static Pods), nor placeholders.
 */
export function blockingPods(pods: readonly V1Pod[], node: string): readonly V1Pod[] {
  return pods.filter((pod) => pod.spec?.nodeName === node && !hasEnded(pod) && !belongsToNode(pod));
}

const hasEnded = ({ status }: V1Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

function belongsToNode({ metadata }: V1Pod): boolean {
  const isDaemons = (metadata?.ownerReferences ?? []).some(
    ({ kind, controller }) => kind === 'DaemonSet' && controller,
  );
  const isMirror = metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined;
  return isDaemons || isMirror || metadata?.labels?.[PLACEHOLDER_LABEL] !== undefined;
}

import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Node, V1Taint } from '@kubernetes/client-node';
import { isTaint } from '../capacity/pool-node.ts';
import type { Taint } from '../capacity/scheduling.ts';

/** Whether a node shall carry one taint of ours. */
export interface TaintEdit {
  readonly taint: Taint;
  readonly to: 'present' | 'absent';
}

interface NodeIdentity {
  readonly name: string;
  readonly uid?: string;
}

/** How a write of a node's taints ended. */
export type TaintWrite = 'written' | 'unchanged' | 'gone' | 'contended';

/** Kubelet, cloud controllers and we ourselves write the same node; in one tick they conflict a few times at most. */
const TRIES = 4;

/** The taints after the edit, everybody else's as they were; undefined when there is nothing to do. */
function editedTaints(taints: readonly V1Taint[], { taint, to }: TaintEdit): readonly V1Taint[] | undefined {
  const isHere = taints.some((one) => isOurs(one, taint));
  if (isHere === (to === 'present')) return undefined;
  return to === 'present' ? [...taints, { ...taint }] : taints.filter((one) => !isOurs(one, taint));
}

const isOurs = ({ key, effect }: V1Taint, taint: Taint): boolean =>
  isTaint({ key, effect: effect as Taint['effect'] }, taint);

/**
 * Adds or removes one taint of one node. The list of taints is one value to the API, so the write carries the version that was read
 * and is repeated on what somebody else has written meanwhile. A node of another uid than `uid` is another node: `gone`.
 *
 * @throws {KubernetesError} for any other refusal
 */
export async function writeTaint(
  cluster: Cluster,
  node: NodeIdentity,
  edit: TaintEdit,
  signal: AbortSignal,
): Promise<TaintWrite> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      return await writeOnce(cluster, node, edit, signal);
    } catch (error) {
      if (isKubernetesError(error, 404)) return 'gone';
      if (!isKubernetesError(error, 409)) throw error;
    }
  }
  return 'contended';
}

async function writeOnce(
  cluster: Cluster,
  { name, uid }: NodeIdentity,
  edit: TaintEdit,
  signal: AbortSignal,
): Promise<TaintWrite> {
  const target = { resource: RESOURCE.nodes, name };
  const { metadata = {}, spec } = await cluster.get<V1Node>(target, signal);
  if (uid !== undefined && metadata.uid !== uid) return 'gone';
  const taints = editedTaints(spec?.taints ?? [], edit);
  if (taints === undefined) return 'unchanged';
  const { resourceVersion = '' } = metadata;
  // null rather than []: an empty list would stay in the object.
  const patch = { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
  await cluster.patch<V1Node>(target, patch, 'merge', signal);
  return 'written';
}

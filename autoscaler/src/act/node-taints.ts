import { type Cluster, isKubernetesError, RESOURCE, type Target } from '@hangar/shared/kubernetes/cluster';
import type { V1Node, V1Taint } from '@kubernetes/client-node';
import type { Taint } from '../capacity/scheduling.ts';
import { isTaint } from '../capacity/pool-node.ts';

/** What shall be with one taint of ours on a node. */
export interface TaintEdit {
  readonly taint: Taint;
  readonly to: 'present' | 'absent';
}

/** How a write of a node's taints ended. `version`: of the Node after it. */
export type TaintWrite =
  | { readonly kind: 'written' | 'unchanged'; readonly version: string }
  | { readonly kind: 'gone' }
  | { readonly kind: 'contended' };

/** Who writes nodes in one tick is met again a few times at most: kubelet, cloud controllers, ourselves. */
const TRIES = 4;

/** The taints after the edit, everybody else's as they were; undefined when there is nothing to do. */
export function editedTaints(
  taints: readonly V1Taint[],
  { taint, to }: TaintEdit,
): readonly V1Taint[] | undefined {
  const isHere = taints.some((one) => isOurs(one, taint));
  if (isHere === (to === 'present')) return undefined;
  return to === 'present' ? [...taints, { ...taint }] : taints.filter((one) => !isOurs(one, taint));
}

const isOurs = ({ key, effect }: V1Taint, taint: Taint): boolean =>
  isTaint({ key, effect: effect as Taint['effect'] }, taint);

/**
 * Sets or takes one taint of one node. The list of taints is one value to the API, so the write carries the version that was read
 * and is done anew on what somebody else has written meanwhile. A node of another uid than `uid` is another node: `gone`.
 *
 * @throws {KubernetesError} for any other refusal
 */
export async function writeTaint(
  cluster: Cluster,
  node: { readonly name: string; readonly uid?: string },
  edit: TaintEdit,
  signal: AbortSignal,
): Promise<TaintWrite> {
  const target = { resource: RESOURCE.nodes, name: node.name };
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      const written = await writeOnce(cluster, { target, uid: node.uid }, edit, signal);
      if (written.kind !== 'contended') return written;
    } catch (error) {
      if (isKubernetesError(error, 404)) return { kind: 'gone' };
      throw error;
    }
  }
  return { kind: 'contended' };
}

async function writeOnce(
  cluster: Cluster,
  { target, uid }: { target: Target; uid: string | undefined },
  edit: TaintEdit,
  signal: AbortSignal,
): Promise<TaintWrite> {
  const { metadata = {}, spec } = await cluster.get<V1Node>(target, signal);
  const { resourceVersion = '' } = metadata;
  if (uid !== undefined && metadata.uid !== uid) return { kind: 'gone' };
  const taints = editedTaints(spec?.taints ?? [], edit);
  if (taints === undefined) return { kind: 'unchanged', version: resourceVersion };
  // null rather than []: an empty list would stand in the object for ever.
  const patch = { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
  return send(cluster, target, patch, signal);
}

async function send(
  cluster: Cluster,
  target: Target,
  patch: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<TaintWrite> {
  try {
    const after = await cluster.patch<V1Node>(target, patch, 'merge', signal);
    return { kind: 'written', version: after.metadata?.resourceVersion ?? '' };
  } catch (error) {
    if (isKubernetesError(error, 409)) return { kind: 'contended' };
    throw error;
  }
}

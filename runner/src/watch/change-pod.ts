import { type Cluster, ifPresent, isKubernetesError, podTarget } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { isOwnedBy } from '../pipeline/pod-owner.ts';
import { currentPodOnce } from './current-pod.ts';

/** The dependencies of a change of a Pod. */
export interface ChangePodParts {
  readonly cluster: Pick<Cluster, 'get' | 'patch'>;
  /** This replica, as named in the annotations of Pods. */
  readonly lease: { readonly owner: string };
}

/** What is to be changed of the Pod as it is; undefined: nothing any more. */
export type PodChange = (pod: V1Pod) =>
  | {
      readonly metadata?: {
        readonly annotations?: Readonly<Record<string, string | null>>;
        readonly labels?: Readonly<Record<string, string>>;
      };
      readonly spec?: object;
    }
  | undefined;

/** `others`: another replica has taken over the Pod, and it was not changed. `gone`: it does not exist, or another one has its name. */
export type PodChanged =
  | { readonly kind: 'changed'; readonly pod: V1Pod }
  | { readonly kind: 'unneeded' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'others' };

/** Other writers, the kubelet above all, may be faster this many times; then the caller decides, as after any error. */
const TRIES = 5;

/**
 * Changes a Pod of this replica. Only this object is changed, and only while its annotation names this replica: the write requires the
 * version that was read. If the Pod has changed meanwhile, it is read again, and the write is repeated at once.
 *
 * @param known the Pod as it was last seen: an old version costs one read
 * @param how see {@link Cluster.patch}; default: `merge`
 * @throws {KubernetesError} of a call, except for a Pod that does not exist; 409 if the Pod keeps changing
 */
export async function changePod(
  { cluster, lease }: ChangePodParts,
  known: V1Pod,
  { patchOf, how = 'merge' }: { readonly patchOf: PodChange; readonly how?: 'merge' | 'strategic' },
  signal: AbortSignal,
): Promise<PodChanged> {
  const read = async (pod: V1Pod): Promise<V1Pod | undefined> => {
    const now = await currentPodOnce(cluster, pod, signal);
    return now.kind === 'present' ? now.pod : undefined;
  };
  // The watch may lag behind our own adoption.
  let pod = isOwnedBy(known, lease.owner) ? known : await read(known);
  for (let turn = 1; ; turn++) {
    if (!pod) return { kind: 'gone' };
    if (!isOwnedBy(pod, lease.owner)) return { kind: 'others' };
    const patch = patchOf(pod);
    if (!patch) return { kind: 'unneeded' };
    try {
      return await changeAsRead(cluster, pod, { patch, how }, signal);
    } catch (error) {
      if (!isKubernetesError(error, 409) || turn === TRIES) throw error;
      pod = await read(pod);
    }
  }
}

async function changeAsRead(
  cluster: ChangePodParts['cluster'],
  pod: V1Pod,
  { patch, how }: { readonly patch: NonNullable<ReturnType<PodChange>>; readonly how: 'merge' | 'strategic' },
  signal: AbortSignal,
): Promise<PodChanged> {
  const { uid, resourceVersion } = pod.metadata ?? {};
  const asRead = { ...patch, metadata: { ...patch.metadata, uid, resourceVersion } };
  const changed = await ifPresent(cluster.patch<V1Pod>(podTarget(pod), asRead, how, signal));
  return changed ? { kind: 'changed', pod: changed } : { kind: 'gone' };
}

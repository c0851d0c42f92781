import type { Clock } from '@hangar/shared/clock';
import { type Cluster, ifPresent, podTarget } from '@hangar/shared/kubernetes/cluster';
import { isOlder } from '@hangar/shared/kubernetes/list-watch';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { V1Pod } from '@kubernetes/client-node';

/** A Pod as the API server has it. `replaced`: the Pod is gone, and another one has its name. */
export type CurrentPod =
  | { readonly kind: 'present'; readonly pod: V1Pod }
  | { readonly kind: 'replaced'; readonly pod: V1Pod }
  | { readonly kind: 'gone' };

/** Delays between attempts to read a Pod, of which every error may pass: nothing can be decided without it. */
export const POD_READS: RetryPolicy = { firstDelayMs: 500, maxDelayMs: 10_000 };

/**
 * Reads a Pod once. It is the Pod with the uid of the known one, at least as new as that: an older response, as from a cache, is not used.
 * `ListWatch.refresh` has the same rule.
 *
 * @throws {KubernetesError} of the read: then nothing is known
 */
export async function currentPodOnce(
  cluster: Pick<Cluster, 'get'>,
  known: V1Pod,
  signal: AbortSignal,
): Promise<CurrentPod> {
  const pod = await ifPresent(cluster.get<V1Pod>(podTarget(known), signal));
  if (!pod) return { kind: 'gone' };
  if (pod.metadata?.uid !== known.metadata?.uid) return { kind: 'replaced', pod };
  const isOld = isOlder(pod.metadata?.resourceVersion, known.metadata?.resourceVersion);
  return { kind: 'present', pod: isOld ? known : pod };
}

/** Reads it, however long the API server is away. Never rejects; `unread`: it was aborted, or is not needed any more. */
export function currentPod(
  { clock, cluster }: { readonly clock: Clock; readonly cluster: Pick<Cluster, 'get'> },
  known: V1Pod,
  { isNeeded }: { readonly isNeeded: () => boolean },
  signal: AbortSignal,
): Promise<CurrentPod | 'unread'> {
  const policy: RetryPolicy = { ...POD_READS, shouldRetry: isNeeded };
  return retry(clock, policy, signal, () => currentPodOnce(cluster, known, signal)).catch(() => 'unread');
}

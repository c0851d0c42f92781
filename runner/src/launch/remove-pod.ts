import type { Clock } from '@hangar/shared/clock';
import { type Cluster, type Deletion, isTransient, podTarget } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { V1Pod } from '@kubernetes/client-node';

/** What can't be removed in these tries is left to the sweep, which looks again for as long as the process lives. */
const REMOVAL: RetryPolicy = {
  firstDelayMs: 200,
  maxDelayMs: 10_000,
  attempts: 12,
  shouldRetry: isTransient,
};

/**
 * Removes a Pod of ours (its Secrets go with it, being owned by it), trying again while the API server has trouble.
 * That very object only: a uid travels along. Never rejects.
 *
 * @param graceSeconds between TERM and KILL; undefined: the Pod's own
 */
export async function removePod(
  parts: { clock: Clock; cluster: Cluster; log: Logger },
  pod: V1Pod,
  graceSeconds: number | undefined,
): Promise<'removed' | 'left'> {
  const target = podTarget(pod);
  const deletion = deletionOf(pod, graceSeconds);
  const { signal } = new AbortController();
  try {
    await retry(parts.clock, REMOVAL, signal, () => parts.cluster.remove(target, deletion, signal));
    return 'removed';
  } catch (err) {
    parts.log.error({ err, namespace: target.namespace, pod: target.name }, 'a Pod could not be removed');
    return 'left';
  }
}

function deletionOf({ metadata }: V1Pod, graceSeconds: number | undefined): Deletion {
  return {
    ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
    ...(metadata?.uid ? { uid: metadata.uid } : {}),
  };
}

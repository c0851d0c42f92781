import type { Clock } from '@hangar/shared/clock';
import { type Cluster, type Deletion, podTarget } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { V1Pod } from '@kubernetes/client-node';
import { isOwnedBy } from '../pipeline/pod-owner.ts';
import { currentPodOnce } from '../watch/current-pod.ts';
import { mayPass } from './patiently.ts';

/** After these attempts the Pod is left to the sweep, which repeats the removal while the process runs. */
const REMOVAL: RetryPolicy = {
  firstDelayMs: 200,
  maxDelayMs: 10_000,
  attempts: 12,
  shouldRetry: mayPass,
};

/** `others`: another replica has taken over the Pod, and it was not changed. `left`: it could not be removed. */
export type Removal = 'removed' | 'others' | 'left';

interface Parts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  /** This replica, as named in the annotations of Pods. */
  readonly lease: { readonly owner: string };
}

/**
 * Removes a Pod of this replica and with it the Secrets that it owns, with retries while the API server fails. Only this object is removed,
 * and only while its annotation names this replica: the deletion requires the version that was read, and reads the Pod again if it has
 * changed. Never rejects.
 *
 * @param pod as it was last seen
 * @param graceSeconds between TERM and KILL; undefined: the Pod's own
 */
export async function removePod(
  parts: Parts,
  pod: V1Pod,
  graceSeconds: number | undefined,
): Promise<Removal> {
  const { signal } = new AbortController();
  let known: V1Pod | undefined = pod;
  try {
    // The watch may lag behind our own adoption: whether the Pod is another replica's is read from the API server.
    if (!isOwnedBy(pod, parts.lease.owner))
      known = await retry(parts.clock, REMOVAL, signal, () => read(parts, pod));
    while (known) {
      if (!isOwnedBy(known, parts.lease.owner)) return 'others';
      known = await retry(parts.clock, REMOVAL, signal, () =>
        removeAsRead(parts, known ?? pod, graceSeconds),
      );
    }
    return 'removed';
  } catch (err) {
    const { namespace, name } = podTarget(pod);
    parts.log.error({ err, namespace, pod: name }, 'a Pod could not be removed');
    return 'left';
  }
}

/** Returns undefined if the Pod is gone or being deleted; otherwise its current state. */
async function removeAsRead(
  parts: Parts,
  pod: V1Pod,
  graceSeconds: number | undefined,
): Promise<V1Pod | undefined> {
  const { signal } = new AbortController();
  const removed = await parts.cluster.remove(podTarget(pod), deletionOf(pod, graceSeconds), signal);
  return removed === 'removed' ? undefined : read(parts, pod);
}

/** The current state of this very Pod; undefined if it is gone. */
async function read({ cluster }: Parts, pod: V1Pod): Promise<V1Pod | undefined> {
  const now = await currentPodOnce(cluster, pod, new AbortController().signal);
  return now.kind === 'present' ? now.pod : undefined;
}

function deletionOf({ metadata }: V1Pod, graceSeconds: number | undefined): Deletion {
  const { uid, resourceVersion } = metadata ?? {};
  return {
    ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}

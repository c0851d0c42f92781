import type { Clock } from '@hangar/shared/clock';
import { type Cluster, type Deletion, ifPresent, podTarget } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { V1Pod } from '@kubernetes/client-node';
import { isOwnedBy } from '../pipeline/pod-owner.ts';
import { mayPass } from './patiently.ts';

/** What can't be removed in these tries is left to the sweep, which looks again for as long as the process lives. */
const REMOVAL: RetryPolicy = {
  firstDelayMs: 200,
  maxDelayMs: 10_000,
  attempts: 12,
  shouldRetry: mayPass,
};

/** `others`: another replica has taken the Pod over, and it was not touched. `left`: it could not be removed. */
export type Removal = 'removed' | 'others' | 'left';

interface Parts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  /** Who we are, as Pods' annotations name it. */
  readonly lease: { readonly owner: string };
}

/**
 * Removes a Pod of ours (its Secrets go with it, being owned by it), trying again while the API server has trouble. That very object only, and
 * only as long as its annotation names us: the Pod is removed as it was read, and read again if it has changed. Never rejects.
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

/** Undefined: it is gone, or on its way; else the Pod as it is now. */
async function removeAsRead(
  { cluster }: Parts,
  pod: V1Pod,
  graceSeconds: number | undefined,
): Promise<V1Pod | undefined> {
  const target = podTarget(pod);
  const { signal } = new AbortController();
  const removed = await cluster.remove(target, deletionOf(pod, graceSeconds), signal);
  if (removed === 'removed') return undefined;
  const now = await ifPresent(cluster.get<V1Pod>(target, signal));
  const isSame = now !== undefined && now.metadata?.uid === pod.metadata?.uid;
  return isSame ? now : undefined;
}

function deletionOf({ metadata }: V1Pod, graceSeconds: number | undefined): Deletion {
  const { uid, resourceVersion } = metadata ?? {};
  return {
    ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}

import type { Clock } from '@hangar/shared/clock';
import { type Cluster, type Deletion, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** What can't be removed in this time is left to the sweep, which looks again for as long as the process lives. */
const TRIES = 12;

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
  const { namespace = 'default', name = '' } = pod.metadata ?? {};
  const target = { resource: RESOURCE.pods, namespace, name };
  const deletion = deletionOf(pod, graceSeconds);
  let pauseMs = FIRST_PAUSE_MS;
  for (let turn = 0; turn < TRIES; turn++) {
    try {
      await parts.cluster.remove(target, deletion, new AbortController().signal);
      return 'removed';
    } catch (error) {
      if (!isKubernetesError(error) || !error.transient) return left(parts, pod, error);
      await parts.clock.sleep(Math.max(pauseMs, error.retryAfterMs ?? 0));
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }
  return left(parts, pod, new Error(`no answer in ${TRIES} tries`));
}

function deletionOf({ metadata }: V1Pod, graceSeconds: number | undefined): Deletion {
  return {
    ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
    ...(metadata?.uid ? { uid: metadata.uid } : {}),
  };
}

function left({ log }: { log: Logger }, { metadata }: V1Pod, err: unknown): 'left' {
  log.error({ err, namespace: metadata?.namespace, pod: metadata?.name }, 'a Pod could not be removed');
  return 'left';
}

import type { Clock } from '@hangar/shared/clock';
import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** What can't be removed in this time is left to the sweep, which looks again for as long as the process lives. */
const TRIES = 12;

/**
 * Removes a Pod of ours (its Secrets go with it, being owned by it), trying again while the API server has trouble.
 * That very object only: a uid travels along.
 */
export async function removePod(
  parts: { clock: Clock; cluster: Cluster; log: Logger },
  pod: V1Pod,
  graceSeconds: number | undefined,
): Promise<'removed' | 'left'> {
  const { namespace = 'default', name = '', uid } = pod.metadata ?? {};
  const deletion = {
    ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
    ...(uid ? { uid } : {}),
  };
  let pauseMs = FIRST_PAUSE_MS;
  for (let turn = 0; turn < TRIES; turn++) {
    try {
      await parts.cluster.remove(
        { resource: RESOURCE.pods, namespace, name },
        deletion,
        new AbortController().signal,
      );
      return 'removed';
    } catch (error) {
      if (!isKubernetesError(error) || !error.transient) {
        parts.log.error({ err: error, namespace, pod: name }, 'a Pod could not be removed');
        return 'left';
      }
      await parts.clock.sleep(error.retryAfterMs ?? pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }
  return 'left';
}

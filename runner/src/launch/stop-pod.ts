import type { Clock } from '@hangar/shared/clock';
import { type Cluster, isKubernetesError, podTarget } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { V1Pod } from '@kubernetes/client-node';
import { mayPass } from './patiently.ts';

const PATCHING: RetryPolicy = {
  firstDelayMs: 200,
  maxDelayMs: 10_000,
  shouldRetry: (error) => mayPass(error) || isKubernetesError(error, 409),
};
/** The smallest deadline of a running Pod with which the kubelet ends it. */
const AT_ONCE_SECONDS = 1;

/**
 * Stops the containers of a Pod and keeps the Pod with its logs: sets its deadline to the past, which makes the kubelet stop it. Retries
 * while the API server fails. Never rejects: a Pod that can't be stopped this way ends when it is removed.
 *
 * @param annotations written by the same call: the reason for the stop
 */
export async function stopPod(
  parts: { clock: Clock; cluster: Cluster; log: Logger },
  { pod, annotations }: { pod: V1Pod; annotations: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<void> {
  const target = podTarget(pod);
  const metadata = { uid: pod.metadata?.uid, annotations };
  const patch = { metadata, spec: { activeDeadlineSeconds: AT_ONCE_SECONDS } };
  try {
    await retry(parts.clock, PATCHING, signal, () =>
      parts.cluster.patch<V1Pod>(target, patch, 'merge', signal),
    );
  } catch (error) {
    if (signal.aborted || isKubernetesError(error, 404)) return;
    const { namespace, name } = target;
    parts.log.warn({ err: error, namespace, pod: name }, 'a Pod could not be stopped before its removal');
  }
}

import type { Clock } from '@hangar/shared/clock';
import { isKubernetesError, podTarget } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { V1Pod } from '@kubernetes/client-node';
import { type ChangePodParts, changePod } from '../watch/change-pod.ts';
import { mayPass } from './patiently.ts';

const PATCHING: RetryPolicy = {
  firstDelayMs: 200,
  maxDelayMs: 10_000,
  shouldRetry: (error) => mayPass(error) || isKubernetesError(error, 409),
};
/** The smallest deadline of a running Pod with which the kubelet ends it. */
const AT_ONCE_SECONDS = 1;

/** `others`: another replica has taken over the Pod, and it was not changed. `left`: it could not be stopped, or no longer has to be. */
export type Stopped = 'stopped' | 'gone' | 'others' | 'left';

/**
 * Stops the containers of a Pod of this replica and keeps the Pod with its logs: sets its deadline to the past, which makes the kubelet
 * stop it. Retries while the API server fails. Never rejects: a Pod that can't be stopped this way ends when it is removed.
 *
 * @param annotations written by the same call: the reason for the stop
 */
export async function stopPod(
  parts: ChangePodParts & { readonly clock: Clock; readonly log: Logger },
  { pod, annotations }: { pod: V1Pod; annotations: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<Stopped> {
  const patch = { metadata: { annotations }, spec: { activeDeadlineSeconds: AT_ONCE_SECONDS } };
  try {
    const { kind } = await retry(parts.clock, PATCHING, signal, () =>
      changePod(parts, pod, { patchOf: () => patch }, signal),
    );
    return kind === 'gone' || kind === 'others' ? kind : 'stopped';
  } catch (error) {
    if (signal.aborted) return 'left';
    const { namespace, name } = podTarget(pod);
    parts.log.warn({ err: error, namespace, pod: name }, 'a Pod could not be stopped before its removal');
    return 'left';
  }
}

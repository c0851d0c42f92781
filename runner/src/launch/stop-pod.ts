import type { Clock } from '@hangar/shared/clock';
import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** The least that a running Pod's deadline may be lowered to for the kubelet to end it. */
const AT_ONCE_SECONDS = 1;

/**
 * Stops the containers of a Pod and leaves the Pod itself, with its logs: its deadline is set to the past, which the kubelet acts on. Tries
 * again while the API server has trouble. Never rejects: what can't be stopped so ends with its removal.
 *
 * @param annotations written by the same call: why it was stopped
 */
export async function stopPod(
  parts: { clock: Clock; cluster: Cluster; log: Logger },
  { pod: { metadata }, annotations }: { pod: V1Pod; annotations: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<void> {
  const { namespace = 'default', name = '', uid } = metadata ?? {};
  const target = { resource: RESOURCE.pods, namespace, name };
  const patch = { metadata: { uid, annotations }, spec: { activeDeadlineSeconds: AT_ONCE_SECONDS } };
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      await parts.cluster.patch<V1Pod>(target, patch, 'merge', signal);
      return;
    } catch (error) {
      if (signal.aborted || isKubernetesError(error, 404)) return;
      const waitMs = waitMsAfter(error);
      if (waitMs === undefined)
        return parts.log.warn(
          { err: error, namespace, pod: name },
          'a Pod could not be stopped before its removal',
        );
      await parts.clock.sleep(Math.max(pauseMs, waitMs), signal);
    }
  }
}

/** What the API server asks us to wait before the next try; undefined: no further try mends it. */
function waitMsAfter(error: unknown): number | undefined {
  if (!isKubernetesError(error) || !(error.transient || error.status === 409)) return undefined;
  return error.retryAfterMs ?? 0;
}

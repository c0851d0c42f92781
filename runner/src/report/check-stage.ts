import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';
import type { ServerState } from '../cancel/build-watch.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { isOwnedBy } from '../pipeline/pod-owner.ts';
import { type ChangePodParts, changePod } from '../watch/change-pod.ts';
import { currentPodOnce } from '../watch/current-pod.ts';
import type { Reporter } from './reporter.ts';

type CheckStageParts = ChangePodParts & { readonly log: Logger };

/** The stage to check: its reporter, and the Pod that records its version. */
export interface CheckedStage {
  readonly reporter: Pick<Reporter, 'checkState'>;
  /** The last known Pod. Undefined: there is no Pod yet, and the record in the Lease contains no version. */
  readonly pod: V1Pod | undefined;
  /**
   * Whether all steps have ended in that Pod: then a former owner may have reported the end of the stage, and a check, which is a start
   * without steps, would open it again.
   */
  readonly hasEnded: (pod: V1Pod) => boolean;
}

/**
 * Checks whether a started stage is still in the reported state at the server. The check increases the version of the stage, so this is
 * recorded on the Pod first: the next owner can't end the stage without it. A stage that another replica has taken over meanwhile is not
 * judged here.
 */
export async function checkStage(
  parts: CheckStageParts,
  { reporter, pod, hasEnded }: CheckedStage,
  signal: AbortSignal,
): Promise<ServerState> {
  const recordVersion = async (version: number): Promise<boolean> => {
    if (!pod) return true;
    const recorded = await record(parts, pod, version, signal);
    return recorded !== undefined && !hasEnded(recorded);
  };
  const reported = await reporter.checkState(recordVersion, signal);
  if (reported === 'reported') return 'open';
  // A stage that the server no longer knows need not run any longer.
  const isOver = reported === 'conflict' || reported === 'unknown';
  if (isOver && (!pod || (await isStillOurs(parts, pod, signal)))) return 'cancelled';
  return 'unknown';
}

/** @returns the Pod as it is now; undefined if the version could not be recorded, or the Pod is another replica's */
async function record(
  parts: CheckStageParts,
  pod: V1Pod,
  version: number,
  signal: AbortSignal,
): Promise<V1Pod | undefined> {
  const patch = { metadata: { annotations: { [ANNOTATION.stageVersion]: String(version) } } };
  try {
    const recorded = await changePod(parts, pod, { patchOf: () => patch }, signal);
    return recorded.kind === 'changed' ? recorded.pod : undefined;
  } catch (error) {
    if (!signal.aborted) parts.log.debug({ err: error }, 'the version of a stage could not be recorded');
    return undefined;
  }
}

/** Whether the Pod still belongs to this replica. A deleted Pod has no other owner. */
async function isStillOurs(
  { cluster, lease, log }: CheckStageParts,
  pod: V1Pod,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const now = await currentPodOnce(cluster, pod, signal);
    return now.kind === 'gone' || isOwnedBy(now.pod, lease.owner);
  } catch (error) {
    if (!signal.aborted) log.debug({ err: error }, 'the owner of a stage could not be determined');
    return false;
  }
}

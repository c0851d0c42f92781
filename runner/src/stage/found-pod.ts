import { isKubernetesError, podTarget } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { claimOf } from '../adopt/pod-owner.ts';
import { readPod } from '../adopt/read-pod.ts';
import { patiently } from '../launch/patiently.ts';
import { removePod } from '../launch/remove-pod.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { keptPod } from '../watch/kept-pod.ts';
import { writeTime } from './api-time.ts';
import { pausePreparation } from './preparation.ts';
import type { StageFlow, StageProgress } from './stage-progress.ts';

/** The delay before another attempt when an old Pod is being deleted. */
const REMOVAL_PAUSE_MS = 1_000;
/** The delay before another attempt when another replica has a Pod of an earlier run of the stage. */
const OTHERS_PAUSE_MS = 5_000;
/** That replica finds within minutes that the server does not expect its run any more. */
const OTHERS_LIMIT_MS = 900_000;

/**
 * Whether that Pod, which has the name of the stage's Pod, is of the run that the server expects. Another one is of an earlier run: the server
 * was restored from a backup in which the stage was not accepted, and has offered it again.
 */
export function isOfThisRun({ stage, machine, started }: StageProgress, pod: V1Pod): boolean {
  const record = readPod(pod);
  if (!record) return true;
  const isStarted = started !== undefined || stage.status !== 'pending';
  return record.stage.machine === machine && (isStarted || record.stepIds === undefined);
}

/**
 * A Pod of this replica that it has not created now: an earlier process has, and its write was delayed. It is taken over like every Pod of another
 * process, by a write that requires the version that was read: so no deletion follows that was sent before.
 */
export async function podFound(flow: StageFlow, pod: V1Pod): Promise<undefined> {
  const { parts, progress } = flow;
  const isLeft = !readPod(pod) || parts.registry.hasLanded(pod.metadata?.uid ?? '');
  if (isLeft || !isOfThisRun(progress, pod)) {
    await removePod(parts, pod, 0);
    return pause(flow, REMOVAL_PAUSE_MS);
  }
  const taken = await claimed(flow, pod);
  const record = taken && readPod(taken);
  if (!record) return pause(flow, REMOVAL_PAUSE_MS);
  progress.adopted = true;
  progress.pod = keptPod(taken);
  progress.record = record;
  progress.apiTime = writeTime(taken, parts.clock);
  progress.work = undefined;
}

/** @returns undefined if the Pod has changed since it was read, is gone, or is being deleted */
async function claimed({ parts, stops }: StageFlow, pod: V1Pod): Promise<V1Pod | undefined> {
  const { cluster, lease } = parts;
  const claim = claimOf(pod, { owner: lease.owner, isLost: false });
  try {
    const taken = await patiently(parts, { what: 'change the Pod' }, stops.stop, () =>
      cluster.patch<V1Pod>(podTarget(pod), claim, 'merge', stops.stop),
    );
    return taken.metadata?.deletionTimestamp ? undefined : taken;
  } catch (error) {
    if (isKubernetesError(error, 404, 409)) return undefined;
    throw error;
  }
}

/**
 * Waits while another replica has a Pod of an earlier run of this stage.
 *
 * @param sinceMs when this process began to create the Pod, by the monotonic clock
 * @throws {PipelineError} if that lasts
 */
export async function awaitOthers(flow: StageFlow, sinceMs: number): Promise<void> {
  const { parts } = flow;
  if (parts.clock.monotonicMs() - sinceMs >= OTHERS_LIMIT_MS)
    throw new PipelineError(
      'name-taken',
      'another runner has a Pod of an earlier run of this stage, and does not remove it; restart the build',
      { blame: 'cluster' },
    );
  pausePreparation(flow);
  parts.wait.shown('waiting until another runner has removed its Pod of an earlier run of this stage');
  await pause(flow, OTHERS_PAUSE_MS);
}

async function pause({ parts, stops }: StageFlow, ms: number): Promise<undefined> {
  await parts.clock.sleep(ms, stops.stop);
  stops.stop.throwIfAborted();
}

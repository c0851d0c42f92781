import { type BackoffPolicy, backoffDelayMs } from '@hangar/shared/backoff';
import type { V1Pod } from '@kubernetes/client-node';
import { removePod } from '../launch/remove-pod.ts';
import type { Started } from '../launch/start.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { StageEnd, StageFlow, StageProgress } from './stage-progress.ts';
import { describeAgain, recordWait } from './stage-record.ts';

/** If the Pods of a stage fail repeatedly before they run, something is wrong with the nodes or the request. */
const MOST_REMAKES = 3;
const PAUSES: BackoffPolicy = { firstDelayMs: 5_000, maxDelayMs: 30_000 };

/** Whether the Pod of a stage may be made again, if nothing has run in it. */
export const mayRemake = ({ remakes }: StageProgress): boolean => remakes < MOST_REMAKES;

/** How long to wait before the Pod that its node has refused is made again. */
export const remakeDelayMs = ({ remakes }: StageProgress): number => backoffDelayMs(PAUSES, remakes);

/**
 * Removes the Pod without a report; the next station creates it again. Meanwhile the record in the Lease keeps the server's ids, as it does
 * while a stage waits for a quota.
 */
export async function remakePod(
  flow: StageFlow,
  { pod, started }: { readonly pod: V1Pod; readonly started: Started },
  { reason, delayMs }: { readonly reason: string; readonly delayMs: number },
): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { id: stageId } = progress.stage;
  parts.log.warn({ stageId, reason }, 'no step ran in the Pod of the pipeline: creating another Pod');
  parts.registry.update(stageId, { phase: 'starting', pod: '' });
  parts.waits(`making another Pod: ${reason}`);
  await recordWait(flow, started.stepIds);
  const removed = await removePod(parts, pod, 0);
  if (removed === 'others') return { kind: 'left', why: 'another runner has taken over this pipeline' };
  if (removed === 'left')
    throw new PipelineError('pod-refused', `${reason}; its Pod could not be removed`, {
      blame: 'cluster',
    });
  await parts.clock.sleep(delayMs, stops.stop);
  stops.stop.throwIfAborted();
  progress.remakes += 1;
  // Only the process that has compiled the contents of the Pod has them.
  if (!progress.work?.compiled) describeAgain(progress, started.stepIds);
  progress.pod = undefined;
  progress.record = undefined;
  progress.isSupervised = false;
  return undefined;
}

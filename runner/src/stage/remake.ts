import { type BackoffPolicy, backoffDelayMs } from '@hangar/shared/backoff';
import type { V1Pod } from '@kubernetes/client-node';
import { removePod } from '../launch/remove-pod.ts';
import type { Started } from '../launch/start.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import type { Trouble } from '../watch/trouble.ts';
import type { StageEnd, StageFlow, StageProgress } from './stage-progress.ts';
import { recordWait } from './stage-record.ts';

/** If the Pods of a stage fail repeatedly before they run, something is wrong with the nodes or the request. */
const MOST_REMAKES = 3;
const PAUSES: BackoffPolicy = { firstDelayMs: 5_000, maxDelayMs: 30_000 };

/** Requires the compiled contents of the Pod, which only the process has that compiled them: the details are not requested again. */
export const mayRemake = ({ remakes, work }: StageProgress): boolean =>
  remakes < MOST_REMAKES && work?.compiled !== undefined;

/**
 * Removes the Pod without a report; the next station creates it again. Meanwhile the record in the Lease keeps the server's ids, as it does
 * while a stage waits for a quota.
 */
export async function remakePod(
  flow: StageFlow,
  { pod, plan, started }: { readonly pod: V1Pod; readonly plan: RunPlan; readonly started: Started },
  trouble: Trouble,
): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { id: stageId } = progress.stage;
  parts.log.warn(
    { stageId, reason: trouble.text },
    'no step ran in the Pod of the pipeline: creating another Pod',
  );
  parts.registry.update(stageId, { phase: 'starting', pod: '' });
  parts.waits(`creating another Pod: ${trouble.text}`);
  await recordWait(flow, plan, started);
  const removed = await removePod(parts, pod, 0);
  if (removed === 'others') return { kind: 'left', why: 'another runner has taken over this pipeline' };
  if (removed === 'left')
    throw new PipelineError('pod-refused', `${trouble.text}; its Pod could not be removed`, {
      blame: 'cluster',
    });
  await parts.clock.sleep(backoffDelayMs(PAUSES, progress.remakes), stops.stop);
  stops.stop.throwIfAborted();
  progress.remakes += 1;
  progress.pod = undefined;
  progress.record = undefined;
  progress.isSupervised = false;
  return undefined;
}

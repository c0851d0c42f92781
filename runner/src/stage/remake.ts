import { type BackoffPolicy, backoffDelayMs } from '@hangar/shared/backoff';
import type { V1Pod } from '@kubernetes/client-node';
import { removePod } from '../launch/remove-pod.ts';
import type { Started } from '../launch/start.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import type { LaunchedStage, StageRunEnd } from '../supervise/stage-run.ts';
import type { PodRetry } from '../watch/pod-retry.ts';
import { type StageEnd, type StageFlow, TAKEN_OVER } from './stage-progress.ts';
import { describeAgain, recordWait } from './stage-record.ts';
import { stopUnstarted } from './stop-unstarted.ts';

/** If the Pods of a stage fail repeatedly before they run, something is wrong with the nodes or the request. */
const MOST_REMAKES = 3;
const PAUSES: BackoffPolicy = { firstDelayMs: 5_000, maxDelayMs: 30_000 };

/** In which ways the Pod of a stage may be made again, if nothing has run in it. */
export const remakesOf = ({
  parts,
  progress,
}: StageFlow): Pick<LaunchedStage, 'mayRemake' | 'mayReplaceGate' | 'mayAvoidNode'> => ({
  mayRemake: progress.remakes < MOST_REMAKES,
  mayReplaceGate: parts.gateVolumes.isAutomatic,
  // If a second node pulls no image either, the registry is the cause.
  mayAvoidNode: progress.avoidedNode === undefined,
});

/** A Pod whose stage was started. */
interface Launched {
  readonly pod: V1Pod;
  readonly plan: RunPlan;
  readonly started: Started;
}

export const isPodRetry = (end: StageRunEnd): end is PodRetry =>
  end.kind === 'not-run' || end.kind === 'no-gate' || end.kind === 'no-image';

/** Why a previous owner stopped the Pod to create it again; undefined: it did not. */
export function retryOfPreviousOwner({ metadata }: V1Pod): PodRetry | undefined {
  const { [ANNOTATION.gateReplaced]: reason, [ANNOTATION.nodeAvoided]: node } = metadata?.annotations ?? {};
  if (reason !== undefined) return { kind: 'no-gate', reason };
  return node === undefined
    ? undefined
    : { kind: 'no-image', reason: `node ${node} cannot pull images`, node };
}

/** Makes the Pod again: as it was, with an init container in place of the gate's volume, or on another node. */
export async function makeAgain(
  flow: StageFlow,
  launched: Launched,
  retry: PodRetry,
): Promise<StageEnd | undefined> {
  const { progress } = flow;
  const delayMs = backoffDelayMs(PAUSES, progress.remakes);
  switch (retry.kind) {
    case 'not-run':
      return remakePod(flow, launched, { reason: retry.trouble.text, delayMs });
    case 'no-gate': {
      progress.gateFailure = retry.reason;
      const reason = `the image of the gate cannot be mounted as a volume: ${retry.reason}`;
      const annotations = { [ANNOTATION.gateReplaced]: retry.reason };
      const end = await stopUnstarted(flow, launched, { reason, annotations });
      return end ?? remakePod(flow, launched, { reason, delayMs: 0 });
    }
    case 'no-image': {
      const { reason, node } = retry;
      progress.avoidedNode = node;
      const annotations = { [ANNOTATION.nodeAvoided]: node };
      const end = await stopUnstarted(flow, launched, { reason, annotations });
      return end ?? remakePod(flow, launched, { reason, delayMs });
    }
  }
}

/**
 * Removes the Pod without a report; the next station creates it again. Meanwhile the record in the Lease keeps the server's ids, as it does
 * while a stage waits for a quota.
 */
async function remakePod(
  flow: StageFlow,
  { pod, started }: Launched,
  { reason, delayMs }: { readonly reason: string; readonly delayMs: number },
): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { id: stageId } = progress.stage;
  parts.log.warn({ stageId, reason }, 'no step ran in the Pod of the pipeline: creating another Pod');
  parts.registry.update(stageId, { phase: 'starting', pod: '' });
  parts.wait.noted(`creating another Pod: ${reason}`);
  await recordWait(flow, started.stepIds);
  const removed = await removePod(parts, pod, 0);
  if (removed === 'others') return TAKEN_OVER;
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

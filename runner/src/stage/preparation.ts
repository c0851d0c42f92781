import { patiently } from '../launch/patiently.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { StageEnd, StageFlow } from './stage-progress.ts';

/** After this many owners in a row were lost while they prepared a stage, the next one ends it. */
const MOST_DEATHS = 3;
/** After this many, not even its details are read, without which its end cannot be reported. */
const MOST_DEATHS_WITH_DETAILS = 6;
/** The delay before a stage is prepared again, for each owner that was lost: other stages are prepared meanwhile. */
const PAUSE_MS = 10_000;

const deathsOf = ({ parts, progress }: StageFlow): number => parts.lease.deathsOf(progress.stage.id);

/** Whether the stage is not prepared again, since several owners in a row were lost while they did that. */
export const isGivenUp = (flow: StageFlow): boolean => deathsOf(flow) >= MOST_DEATHS;

/** Whether the stage is left as it is at the server, since reading its details has ended several further owners. */
export const isForgotten = (flow: StageFlow): boolean => deathsOf(flow) >= MOST_DEATHS_WITH_DETAILS;

/**
 * Records that this process prepares the stage, from which the next owner sees what it did when it was lost. A stage that may have ended
 * its runner waits before that, until no other such stage is being prepared.
 */
export async function beginPreparation(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { stop } = stops;
  const deaths = deathsOf(flow);
  if (deaths > 0 && !progress.work) logLosses(flow, deaths);
  // A stage that is given up is not prepared, and its author reads why at once.
  const isAtOnce = progress.work !== undefined || isGivenUp(flow);
  if (deaths > 0) await takeTurn(flow, isAtOnce ? 0 : deaths * PAUSE_MS);
  const { id } = progress.stage;
  await patiently(parts, { what: 'change the Lease' }, stop, () => parts.lease.preparing(id, stop));
  progress.isPreparing = true;
  return undefined;
}

async function takeTurn({ parts, progress, stops }: StageFlow, pauseMs: number): Promise<void> {
  await parts.clock.sleep(pauseMs, stops.stop);
  stops.stop.throwIfAborted();
  progress.endTurn = await parts.suspects.take(stops.stop);
}

/** The stage waits for others: if the process is lost meanwhile, the stage is not the cause. */
export function pausePreparation({ parts, progress }: StageFlow): void {
  if (!progress.isPreparing) return;
  progress.isPreparing = false;
  parts.lease.waiting(progress.stage.id);
  leaveTurn(progress);
}

/** The stage has its Pod: no runner was lost because of it. */
export function endPreparation({ parts, progress }: StageFlow): void {
  progress.isPreparing = false;
  parts.lease.prepared(progress.stage.id);
  leaveTurn(progress);
}

/** Lets the next stage that may have ended its runner be prepared. */
export function leaveTurn(progress: StageFlow['progress']): void {
  progress.endTurn?.();
  progress.endTurn = undefined;
}

function logLosses({ parts, progress }: StageFlow, losses: number): void {
  const { id: stageId, buildId } = progress.stage;
  parts.log.warn(
    { stageId, buildId, losses },
    'another runner was lost while it prepared this stage, before its Pod existed',
  );
}

/** The end of a stage that is given up. */
export const runnersLost = (): PipelineError =>
  new PipelineError(
    'runners-lost',
    `${MOST_DEATHS} runners in a row were lost while they prepared this pipeline, before its Pod existed, so it is not tried again. ` +
      'The likely cause is its file or settings: make the pipeline file smaller or simpler. The operator of the runner can find the cause in ' +
      'the log of the lost containers ("kubectl logs --previous") and, if they were out of memory, raise their limit',
  );

import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { DroneStage } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { CiServerError } from '../ports/ci-server.ts';
import { UnknownStageCheck } from '../ports/unknown-stage.ts';
import { isForgotten } from './preparation.ts';
import type { StageEnd, StageFlow } from './stage-progress.ts';

/** The owner of a stage is requested without a limit: the Git host may be down, and no other process would request it. */
const CLAIM_RETRY: RetryPolicy = { firstDelayMs: 500, maxDelayMs: 30_000 };

const UNKNOWN_STAGE: StageEnd = { kind: 'over', why: 'the stage no longer exists at the Drone server' };

/**
 * Determines whether a stage without a Pod belongs to this replica, after an earlier process of this replica or another replica recorded
 * that it would accept it: accepts the stage, or reads from its details whether it was accepted under that name before.
 */
export async function claim(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { clock, log } = parts;
  const unknown = new UnknownStageCheck(clock, () => parts.ciServer.ping(stops.stop));
  const onRetry: RetryPolicy['onRetry'] = ({ error, failures }) => {
    if (failures === 1)
      log.warn(
        { err: error, stageId: progress.stage.id },
        'the owner of a stage could not be determined; retrying',
      );
  };
  // A request that is in flight at a hand-over may complete within the grace period; no new one is sent.
  return retry(clock, { ...CLAIM_RETRY, onRetry }, stops.stop, async () => {
    try {
      return await acceptOrRead(flow);
    } catch (error) {
      if (await unknown.isCertain(error instanceof CiServerError && error.missing)) return UNKNOWN_STAGE;
      throw error;
    }
  });
}

async function acceptOrRead(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { ciServer } = parts;
  const { stage, machine } = progress;
  const accepted = await ciServer.accept(stage.id, machine, stops.grace);
  if (accepted.kind === 'accepted') {
    // After a lost response it contains the state of the stage, which may have run since it was accepted.
    return judge({ ...stage, status: 'pending', ...accepted.stage, machine }, progress);
  }
  if (isForgotten(flow))
    return {
      kind: 'left',
      why: 'runners were lost while they determined the owner of this stage; restart the build',
    };
  const detail = await ciServer.detail(stage.id, stops.stop);
  progress.detail = detail;
  return judge(detail.stage, progress);
}

function judge(stage: DroneStage, progress: StageFlow['progress']): StageEnd | undefined {
  const end = endAtServer(stage, progress.machine);
  if (end) return end;
  progress.stage = stage;
  progress.isClaimed = true;
  if (stage.status === 'running' && !progress.startedWithoutPod) return { kind: 'failed', error: podLost() };
  return undefined;
}

/** Why a stage needs no work, by its state at the server; undefined if it is assigned to this runner and open. Pure. */
export function endAtServer(
  { machine, status }: Pick<DroneStage, 'machine' | 'status'>,
  ours: string,
): StageEnd | undefined {
  if (machine !== ours) return { kind: 'left', why: 'the Drone server assigned the stage to another runner' };
  if (status === 'pending' || status === 'running') return undefined;
  return { kind: 'over', why: `the state of the stage at the Drone server is ${status}` };
}

/** The stage was started and has no Pod: no process will ever report its end (gate §4). */
export const podLost = (): PipelineError =>
  new PipelineError(
    'pod-deleted',
    'the runner was lost while this pipeline ran, and its Pod no longer exists; restart the build',
    { blame: 'cluster' },
  );

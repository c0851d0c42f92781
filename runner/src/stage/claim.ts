import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { DroneStage } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { CiServerError } from '../ports/ci-server.ts';
import type { StageEnd, StageFlow } from './stage-progress.ts';

/** Whose a stage is, is asked about for as long as it takes: a Git host may be away, and nobody else would ask. */
const QUESTIONS: RetryPolicy = { firstDelayMs: 500, maxDelayMs: 30_000 };
/** The server must say so often that it doesn't know the stage, */
const TIMES = 3;
/** over as long a time, and nothing else meanwhile. */
const OVER_MS = 300_000;

const UNKNOWN: StageEnd = { kind: 'over', why: 'the Drone server does not know this stage any more' };

/**
 * Finds out whether a stage is ours that this replica's former life, or a dead one, meant to accept or had accepted, and that has no Pod:
 * accepts it, or learns from its details whether it was accepted under that name before.
 */
export async function claim(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { clock, log } = parts;
  const unknown = new Unknown(flow);
  const onRetry: RetryPolicy['onRetry'] = ({ error, failures }) => {
    if (failures === 1)
      log.warn(
        { err: error, stageId: progress.stage.id },
        'the owner of a stage could not be determined, asking again',
      );
  };
  // A question that is on its way may be answered in the time of grace; none is asked anew.
  return retry(clock, { ...QUESTIONS, onRetry }, stops.stop, async () => {
    try {
      return await ask(flow);
    } catch (error) {
      if (await unknown.isCertain(error)) return UNKNOWN;
      throw error;
    }
  });
}

async function ask({ parts, progress, stops }: StageFlow): Promise<StageEnd | undefined> {
  const { ciServer } = parts;
  const { stage, machine } = progress;
  const accepted = await ciServer.accept(stage.id, machine, stops.grace);
  if (accepted.kind === 'accepted') {
    // After a lost answer it says how the stage stands, which may have run since it was accepted.
    return judge({ ...stage, status: 'pending', ...accepted.stage, machine }, progress);
  }
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

/** Why nothing is to be done for a stage, by how it stands at the server; undefined: it is ours, and open. Pure. */
export function endAtServer(
  { machine, status }: Pick<DroneStage, 'machine' | 'status'>,
  ours: string,
): StageEnd | undefined {
  if (machine !== ours)
    return { kind: 'left', why: 'the Drone server has given the stage to another runner' };
  if (status === 'pending' || status === 'running') return undefined;
  return { kind: 'over', why: `the Drone server has the stage as ${status}` };
}

/** It was started and has no Pod: nobody will ever report of it (gate §4). */
export const podLost = (): PipelineError =>
  new PipelineError(
    'pod-deleted',
    'the runner was lost while this pipeline ran, and its Pod is gone; restart the build',
    { blame: 'cluster' },
  );

/** Tells a stage that the server doesn't know from a database that is in trouble, which has the same status. */
class Unknown {
  readonly #flow: StageFlow;
  #times = 0;
  #sinceMs = 0;

  constructor(flow: StageFlow) {
    this.#flow = flow;
  }

  async isCertain(error: unknown): Promise<boolean> {
    const { clock } = this.#flow.parts;
    if (!(error instanceof CiServerError && error.missing && (await this.#answersPings()))) {
      this.#times = 0;
      return false;
    }
    if (this.#times === 0) this.#sinceMs = clock.monotonicMs();
    this.#times += 1;
    return this.#times >= TIMES && clock.monotonicMs() - this.#sinceMs >= OVER_MS;
  }

  #answersPings(): Promise<boolean> {
    const { parts, stops } = this.#flow;
    return parts.ciServer.ping(stops.stop).then(
      () => true,
      () => false,
    );
  }
}

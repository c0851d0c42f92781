import type { V1Pod } from '@kubernetes/client-node';
import { holdsGate, type PodStarted, register, type Started, startStage, ungate } from '../launch/start.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { newStage } from '../pipeline/stage-state.ts';
import { readDetails } from '../report/stage-details.ts';
import { keptPod } from '../watch/kept-pod.ts';
import { toApiMs } from './api-time.ts';
import { endAtServer } from './claim.ts';
import {
  type StageEnd,
  type StageFlow,
  type StageProgress,
  TAKEN_OVER,
  type Work,
} from './stage-progress.ts';
import { followSteps, recordPod, recordStart } from './stage-record.ts';

/**
 * Reports the steps to the server, which assigns their ids; one PATCH writes these to the Pod and, if the stage is admitted, removes the
 * scheduling gate. Neither response may be lost: at a hand-over both calls get some more time.
 */
export async function start(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { pod, work, admittedMs } = progress;
  if (!pod || !work) return undefined;
  const isKnown = progress.started !== undefined;
  const started = await startAtServer(flow, work);
  followSteps(flow, started);
  if (admittedMs === undefined) {
    return isKnown ? undefined : written(progress, await register(parts, pod, started, stops.grace));
  }
  if (holdsGate(pod)) {
    await recordPod(flow);
    const own = { wallMs: admittedMs, monotonicMs: progress.admittedMonotonicMs };
    const admittedAtMs = toApiMs(progress.apiTime, own);
    const ungated = await ungate(parts, pod, { started, admittedMs: admittedAtMs }, stops.grace);
    const end = written(progress, ungated);
    if (end) return end;
  }
  parts.events.launched(parts.clock.monotonicMs() - progress.admittedMonotonicMs);
  return undefined;
}

function written(progress: StageProgress, change: PodStarted): StageEnd | undefined {
  if (change.kind === 'others') return TAKEN_OVER;
  progress.pod = keptPod(change.pod);
  return undefined;
}

/** A start is repeated at most this often. */
const MOST_REPEATS = 3;

/** Starts a stage before it has a Pod. */
export async function startWithoutPod(flow: StageFlow, work: Work): Promise<Started> {
  if (!flow.progress.started) await recordStart(flow);
  return startAtServer(flow, work);
}

/**
 * Reports the start to the server and keeps the response. A start whose response was lost, here or with another process, is repeated with
 * numbers of its own for the steps: no step has run, since there is no Pod, or it keeps its scheduling gate until it has the ids.
 */
async function startAtServer(flow: StageFlow, { plan, masks, namespace, compiled }: Work): Promise<Started> {
  const { parts, progress, stops } = flow;
  if (progress.started) return progress.started;
  const podName = (progress.pod ?? compiled?.pod)?.metadata?.name ?? '';
  const contents = { plan, masks, namespace, podName };
  const before = Number(progress.stage.status === 'running');
  for (let repeats = before; ; repeats++) {
    const order = { stage: progress.stage, contents, repeats };
    const outcome = await startStage(parts, order, stops.grace);
    if (outcome.kind === 'started') {
      progress.stage = outcome.started.stage;
      progress.started = outcome.started;
      return outcome.started;
    }
    await prepareRepeat(flow, outcome.afterLostAnswer);
    if (repeats === MOST_REPEATS) throw startLost(progress.adopted);
    parts.log.warn({ stageId: progress.stage.id }, 'the response to a start was lost: it is repeated');
  }
}

/** The stage must not be started: the server has its end, or has assigned it to another runner. */
export class NotToBeStarted extends Error {
  override readonly name = 'NotToBeStarted';
  readonly end: StageEnd;

  constructor(end: StageEnd) {
    super('the stage is not to be started');
    this.end = end;
  }
}

/**
 * A start conflicts with another version of the stage: it was cancelled, or the start was applied and its response lost, here or in another
 * process. Keeps the version that the server has.
 *
 * @throws {NotToBeStarted} after a cancel, and {PipelineError} if the server does not return the details
 */
async function prepareRepeat({ parts, progress, stops }: StageFlow, afterLostAnswer: boolean): Promise<void> {
  const { stage, machine, adopted, pod } = progress;
  const read = await readAgain(parts, { id: stage.id, machine }, stops.grace);
  if (read === undefined) {
    const isApplied = afterLostAnswer || adopted;
    const started = stage.started || createdSeconds(pod);
    progress.stage = { ...stage, started, version: stage.version + Number(isApplied) };
    throw startLost(adopted);
  }
  const end = endAtServer(read, machine);
  if (end) throw new NotToBeStarted(end);
  progress.stage = { ...stage, version: read.version, started: read.started };
}

/** The stage as the server has it; undefined: its Git host does not answer, which the server needs for that. */
async function readAgain(
  parts: StageFlow['parts'],
  accepted: Pick<DroneStage, 'id' | 'machine'>,
  signal: AbortSignal,
): Promise<DroneStage | undefined> {
  try {
    return (await readDetails(parts, accepted, signal)).stage;
  } catch (err) {
    signal.throwIfAborted();
    parts.log.warn({ err, stageId: accepted.id }, 'the state of a stage could not be read');
    return undefined;
  }
}

/** A Pod is created just before its stage is started: the best estimate if the server doesn't return the time. */
const createdSeconds = (pod: V1Pod | undefined): number =>
  pod?.metadata?.creationTimestamp
    ? Math.floor(new Date(pod.metadata.creationTimestamp).getTime() / 1000)
    : 0;

/** Started, but the response with the ids was lost, and the state of the stage cannot be read, or changes again and again. */
const startLost = (adopted: boolean): PipelineError =>
  new PipelineError(
    'start-lost',
    adopted
      ? 'the runner was lost while this pipeline was being started; restart the build'
      : 'the Drone server did not confirm the start of this stage; restart the build',
    { blame: 'operator' },
  );

/** No step is to run, and no clone is configured: the stage succeeds without a Pod. */
export async function endWithoutSteps(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  if (!progress.work) return undefined;
  const { reporter } = await startWithoutPod(flow, progress.work);
  flow.ended();
  const conclusion = { kind: 'completed' } as const;
  await reporter.finish(newStage(progress.work.plan), conclusion, stops.handOver);
  if (stops.handOver.aborted) return { kind: 'handed-over' };
  parts.events.concluded(conclusion, undefined);
  return { kind: 'reported' };
}

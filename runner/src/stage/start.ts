import type { V1Pod } from '@kubernetes/client-node';
import { holdsGate, register, type Started, startStage, ungate } from '../launch/start.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { newStage } from '../pipeline/stage-state.ts';
import { keptPod } from '../watch/kept-pod.ts';
import { toApiMs } from './api-time.ts';
import { endAtServer } from './claim.ts';
import type { StageEnd, StageFlow, Work } from './stage-progress.ts';
import { followSteps, recordPod } from './stage-record.ts';

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
    if (!isKnown) progress.pod = keptPod(await register(parts, pod, started, stops.grace));
    return undefined;
  }
  if (holdsGate(pod)) {
    await recordPod(flow);
    const own = { wallMs: admittedMs, monotonicMs: progress.admittedMonotonicMs };
    const admittedAtMs = toApiMs(progress.apiTime, own);
    const ungated = await ungate(parts, pod, { started, admittedMs: admittedAtMs }, stops.grace);
    progress.pod = keptPod(ungated);
  }
  parts.events.launched(parts.clock.monotonicMs() - progress.admittedMonotonicMs);
  return undefined;
}

/** Reports the start to the server once and keeps the response. */
export async function startAtServer(
  flow: StageFlow,
  { plan, masks, namespace, compiled }: Work,
): Promise<Started> {
  const { parts, progress, stops } = flow;
  if (progress.started) return progress.started;
  const { stage } = progress;
  const podName = (progress.pod ?? compiled?.pod)?.metadata?.name ?? '';
  const contents = { plan, masks, namespace, podName };
  const outcome = await startStage(parts, { stage, contents }, stops.grace);
  if (outcome.kind === 'conflict') throw await notStarted(flow, outcome.afterLostAnswer);
  progress.stage = outcome.started.stage;
  progress.started = outcome.started;
  return outcome.started;
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
 * process.
 */
async function notStarted({ parts, progress, stops }: StageFlow, afterLostAnswer: boolean): Promise<Error> {
  const { stage, machine, adopted, pod } = progress;
  try {
    const now = (await parts.ciServer.detail(stage.id, stops.grace)).stage;
    const end = endAtServer(now, machine);
    if (end) return new NotToBeStarted(end);
    progress.stage = { ...stage, version: now.version, started: now.started };
  } catch (err) {
    stops.grace.throwIfAborted();
    parts.log.warn({ err, stageId: stage.id }, 'the state of a stage could not be read');
    const isApplied = afterLostAnswer || adopted;
    const started = stage.started || createdSeconds(pod);
    progress.stage = { ...stage, started, version: stage.version + Number(isApplied) };
  }
  return startLost(adopted);
}

/** A Pod is created just before its stage is started: the best estimate if the server doesn't return the time. */
const createdSeconds = (pod: V1Pod | undefined): number =>
  pod?.metadata?.creationTimestamp
    ? Math.floor(new Date(pod.metadata.creationTimestamp).getTime() / 1000)
    : 0;

/**
 * Started, but the response with the ids was lost with the process that sent the request: the one case that can't be recovered (gate §4).
 */
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
  const { reporter } = await startAtServer(flow, progress.work);
  flow.ended();
  const conclusion = { kind: 'completed' } as const;
  await reporter.finish(newStage(progress.work.plan), conclusion, stops.handOver);
  if (stops.handOver.aborted) return { kind: 'handed-over' };
  parts.events.concluded(conclusion, undefined);
  return { kind: 'reported' };
}

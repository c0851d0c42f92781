import { holdsGate, register, type Started, startStage, ungate } from '../launch/start.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { newStage } from '../pipeline/stage-state.ts';
import { toApiMs } from './api-time.ts';
import type { StageEnd, StageFlow, Work } from './stage-progress.ts';

/**
 * The server learns the steps and gives them ids; one PATCH writes them to the Pod and, where the stage is admitted, lets the scheduler have it.
 * Neither answer may be lost: at a hand-over both get some time more.
 */
export async function start(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { pod, work, admittedMs } = progress;
  if (!pod || !work) return undefined;
  const isKnown = progress.started !== undefined;
  const started = await startAtServer(flow, work);
  if (admittedMs === undefined) {
    if (!isKnown) progress.pod = await register(parts, pod, started, stops.grace);
    return undefined;
  }
  if (holdsGate(pod)) {
    const admittedAtMs = toApiMs(progress.apiTime, parts.clock, admittedMs);
    progress.pod = await ungate(parts, pod, { started, admittedMs: admittedAtMs }, stops.grace);
  }
  parts.events.launched(parts.clock.now() - admittedMs);
  return undefined;
}

/** Tells the server once, and keeps what it answers. */
export async function startAtServer(
  { parts, progress, stops }: StageFlow,
  { plan, masks, namespace, compiled }: Work,
): Promise<Started> {
  if (progress.started) return progress.started;
  const { stage } = progress;
  const pod = progress.pod ?? compiled?.pod ?? {};
  const outcome = await startStage(parts, { stage, compiled: { plan, masks, namespace, pod } }, stops.grace);
  if (outcome.kind === 'started') {
    progress.stage = outcome.started.stage;
    progress.started = outcome.started;
    return outcome.started;
  }
  // The version that a finish needs is one further if the start was applied and its answer lost, here or in another process.
  const isApplied = outcome.afterLostAnswer || progress.adopted;
  if (isApplied)
    progress.stage = { ...stage, version: stage.version + 1, started: stage.started || createdSeconds(pod) };
  throw startLost(progress.adopted);
}

/** A Pod is made just before its stage is started: the best that is known when the server's answer was lost. */
const createdSeconds = ({ metadata }: { metadata?: { creationTimestamp?: Date } }): number =>
  metadata?.creationTimestamp ? Math.floor(new Date(metadata.creationTimestamp).getTime() / 1000) : 0;

/** Started, but the answer with the ids was lost with the process that asked: the one hole (gate §4). */
const startLost = (adopted: boolean): PipelineError =>
  new PipelineError(
    'start-lost',
    adopted
      ? 'the runner was lost at the very moment this pipeline was started; restart the build'
      : 'the Drone server did not confirm the start of this stage; restart the build',
    { blame: 'operator' },
  );

/** No condition of any step is met, and no clone was asked for: that is a success, without a Pod. */
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

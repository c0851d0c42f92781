import { withDeadline } from '@hangar/shared/deadline';
import { errorText } from '@hangar/shared/error-text';
import type { V1Pod } from '@kubernetes/client-node';
import { requestOf } from '../admit/pod-load.ts';
import type { Finding } from '../cancel/cancel-watches.ts';
import { removeNamespace } from '../launch/remove-namespace.ts';
import { removePod } from '../launch/remove-pod.ts';
import { holdsGate, register, type Started, startStage, ungate } from '../launch/start.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { carryOn } from '../poll/take.ts';
import { finishBare } from '../report/finish-bare.ts';
import { Reporter } from '../report/reporter.ts';
import { lookAtStage } from '../report/stage-look.ts';
import { finishNotStarted } from '../stage/finish-not-started.ts';
import type { StageParts } from '../stage/stage-parts.ts';
import { type Stops, supervise } from '../stage/supervise.ts';
import { admissionDeadline } from '../stage/wait-limit.ts';
import { type Contents, contentsOf, isComplete } from './contents.ts';
import type { PodRecord } from './read-pod.ts';

/** A Pod that is ours now, with what it says, and how far we have come with it. */
interface StageProgress {
  readonly pod: V1Pod;
  readonly record: PodRecord;
  contents?: Contents | undefined;
  started?: Started | undefined;
  /** It is in its flight, which reports for itself. */
  isSupervised?: boolean;
}

/**
 * Goes on with a Pod that another process began and that is ours now: wherever that one stopped, between its first write and its
 * last. Nothing of the pipeline is asked for anew (a detail call for a started stage can fail the build). Never rejects.
 */
export async function resume(
  parts: StageParts,
  pod: V1Pod,
  record: PodRecord,
  handOver: AbortSignal,
): Promise<void> {
  const watch = parts.cancelWatches.open(record.stage.buildId);
  const { cancelled } = watch;
  const stops = { cancelled, handOver, stop: AbortSignal.any([cancelled, handOver]) };
  const progress: StageProgress = { pod, record };
  watch.lookWith((signal) => look(parts, progress, signal));
  let outcome: 'done' | 'redo' = 'done';
  try {
    outcome = await goOn(parts, progress, stops);
  } catch (error) {
    const ahead = error instanceof Gone ? error.versionsAhead : 0;
    const known = { ...progress, record: { ...record, stageVersion: record.stageVersion + ahead } };
    if (!handOver.aborted) await giveUp(parts, known, textFor(parts, record, error, cancelled), handOver);
  } finally {
    watch.close();
    if (!handOver.aborted && outcome === 'done') parts.lease.settle(record.stage.id);
    parts.registry.leave(record.stage.id);
  }
  if (outcome === 'redo') await redo(parts, progress, handOver);
}

/** How the server says that it stands; a start that is still to be told meets an earlier cancel itself. */
async function look(
  parts: StageParts,
  { pod, started }: StageProgress,
  signal: AbortSignal,
): Promise<Finding> {
  if (!started) return 'unknown';
  const now = parts.podWatch.pods.find(({ metadata }) => metadata?.uid === pod.metadata?.uid) ?? pod;
  return lookAtStage(parts, { reporter: started.reporter, pod: now, owner: parts.lease.owner }, signal);
}

/** `redo`: the Pod can't begin, and nothing of it is known to the server. */
async function goOn(parts: StageParts, progress: StageProgress, stops: Stops): Promise<'done' | 'redo'> {
  const { pod, record } = progress;
  const isUnstarted = holdsGate(pod) && !record.stepIds;
  progress.contents = await contentsOf(parts, pod, record, stops.stop);
  if (isUnstarted && !(progress.contents && (await isComplete(parts, pod, record, stops.stop))))
    return 'redo';
  if (!progress.contents)
    throw new Gone('the Secret of this pipeline is gone, so that it could not be taken over');
  const started = await startedOf(parts, progress, progress.contents, stops.stop);
  progress.started = started;
  const admitted = holdsGate(pod)
    ? await admission(parts, progress, { started, plan: progress.contents.plan }, stops)
    : { pod, admittedMs: record.admittedMs ?? parts.clock.now() };
  progress.isSupervised = true;
  const launched = { ...progress.contents, ...admitted, notes: [], started, adopted: true };
  const end = await supervise(parts, launched, stops);
  if (end.kind === 'finished') await leaveNamespace(parts, progress);
  return 'done';
}

/** What was made for this stage alone goes with it, whoever made it. */
async function leaveNamespace(parts: StageParts, { pod, record }: StageProgress): Promise<void> {
  if (record.ownNamespace) await removeNamespace(parts, pod.metadata?.namespace ?? '');
}

/** Nothing is there to go on with; the message is what the author reads. */
class Gone extends Error {
  override readonly name = 'Gone';
  /** By so much is the stage's version at the server higher than the Pod says. */
  readonly versionsAhead: number;

  constructor(message: string, versionsAhead = 0) {
    super(message);
    this.versionsAhead = versionsAhead;
  }
}

async function startedOf(
  parts: StageParts,
  { pod, record }: StageProgress,
  contents: Contents,
  signal: AbortSignal,
): Promise<Started> {
  const { stepIds, stageVersion, adoptions } = record;
  if (stepIds) {
    const stage: DroneStage = { ...record.stage, status: 'running', version: stageVersion };
    const takenOver = { versions: 'unknown', adoptions, takenOverMs: parts.clock.now() } as const;
    const reporter = new Reporter(parts, { stage, plan: contents.plan, stepIds, ...takenOver });
    return { stage, stepIds, reporter, firstLog: undefined, showWaiting: () => Promise.resolve() };
  }
  const namespace = pod.metadata?.namespace ?? 'default';
  const order = { stage: record.stage, compiled: { ...contents, pod, namespace } };
  const outcome = await startStage(parts, order, signal);
  if (outcome.kind === 'started') return outcome.started;
  // Started, but the answer with the ids died with the other process: the one hole (gate §4).
  throw new Gone('the runner was lost at the very moment this pipeline was started; restart the build', 1);
}

/** It was still waiting, or on the very point of being let go. */
async function admission(
  parts: StageParts,
  { pod, record }: StageProgress,
  { started, plan }: { started: Started; plan: RunPlan },
  stops: Stops,
): Promise<{ pod: V1Pod; admittedMs: number }> {
  const { clock, line, registry } = parts;
  const held = record.stepIds ? pod : await register(parts, pod, started, stops.stop);
  const deadline = admissionDeadline(parts.waitLimitMs, stops.stop);
  const waiter = {
    stageId: record.stage.id,
    repo: plan.repoSlug,
    event: plan.buildEvent,
    asks: requestOf(held),
    waits: ({ text }: { text: string }) =>
      registry.update(record.stage.id, { phase: 'waiting', reason: text }),
    admitted: () => registry.update(record.stage.id, { phase: 'starting', reason: '' }),
  };
  const decided = await withDeadline(clock, deadline, (signal) => line.enter(waiter, signal));
  if (decided.kind === 'refused') throw new PipelineError('over-budget', decided.text);
  const admittedMs = clock.now();
  return { pod: await ungate(parts, held, { started, admittedMs }, stops.stop), admittedMs };
}

/** What the author reads; empty when the build was cancelled. */
function textFor({ log }: StageParts, { stage }: PodRecord, error: unknown, cancelled: AbortSignal): string {
  if (cancelled.aborted) return '';
  log.error({ err: error, stageId: stage.id }, 'a pipeline could not be taken over');
  if (error instanceof PipelineError || error instanceof Gone) return error.message;
  const words = errorText(error);
  return `the pipeline could not be taken over from a runner that is gone: ${words}`;
}

/**
 * Ends the stage at the server, then removes the Pod: stopped in between, the Pod still tells whoever comes next what to do.
 * An empty text: the build was cancelled.
 */
async function giveUp(
  parts: StageParts,
  progress: StageProgress,
  text: string,
  handOver: AbortSignal,
): Promise<void> {
  const { pod, record, contents, started, isSupervised } = progress;
  parts.registry.update(record.stage.id, { phase: 'reporting' });
  if (started && contents && !isSupervised)
    await finishNotStarted(parts.clock, { started, plan: contents.plan }, text, handOver);
  else {
    const stage = { ...record.stage, version: started?.reporter.stageVersion ?? record.stageVersion };
    await finishBare(parts, stage, { status: text ? 'error' : 'killed', text, started: undefined }, handOver);
  }
  if (handOver.aborted) return;
  parts.registry.finish(pod.metadata?.uid, parts.clock.now());
  await removePod(parts, pod, 0);
  await leaveNamespace(parts, progress);
}

/** The other process was lost before the Pod was whole: it goes, and the stage is begun anew, as after its accept. */
async function redo(parts: StageParts, progress: StageProgress, handOver: AbortSignal): Promise<void> {
  const { pod, record } = progress;
  const { stage } = record;
  const intent = { stageId: stage.id, buildId: stage.buildId, machine: stage.machine };
  try {
    await parts.lease.intend(intent, handOver);
    parts.registry.finish(pod.metadata?.uid, parts.clock.now());
    await removePod(parts, pod, 0);
    await leaveNamespace(parts, progress);
    await carryOn(parts, intent, handOver);
  } catch (error) {
    if (!handOver.aborted)
      parts.log.error({ err: error, stageId: stage.id }, 'a stage could not be begun anew');
  }
}

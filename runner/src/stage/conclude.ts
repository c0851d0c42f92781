import { errorText } from '@hangar/shared/error-text';
import { ownNamespaceOf, removeNamespace } from '../launch/remove-namespace.ts';
import { removePod } from '../launch/remove-pod.ts';
import type { Started } from '../launch/start.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { begun, concluded, newStage, type StageState } from '../pipeline/stage-state.ts';
import { type EarlyEnd, finishBare } from '../report/finish-bare.ts';
import type { Reporter } from '../report/reporter.ts';
import { endedAgoMs } from './ended-ago.ts';
import { Expiry } from './expiry.ts';
import { endLostSteps } from './lost-steps.ts';
import type { StageEnd, StageFlow } from './stage-progress.ts';
import { NotToBeStarted } from './start.ts';

/** The end of a stage after an error. */
export function endOf({ progress, stops }: StageFlow, error: unknown): StageEnd {
  if (stops.handOver.aborted) return { kind: 'handed-over' };
  if (error instanceof NotToBeStarted) return error.end;
  if (stops.cancelled.aborted) return { kind: 'cancelled' };
  if (error instanceof PipelineError) return { kind: 'failed', error };
  const what = progress.adopted
    ? 'the pipeline could not be taken over from a dead runner'
    : 'the runner failed';
  const text = `${what}: ${errorText(error)}`;
  return { kind: 'failed', error: new PipelineError('internal', text, { blame: 'bug', cause: error }) };
}

/**
 * Ends a stage: reports the end to the server, then removes the Pod and the objects created for it, then the record in the Lease. If it is
 * stopped in between, the next owner continues from what is left. Never rejects.
 */
export async function conclude(flow: StageFlow, end: StageEnd): Promise<void> {
  switch (end.kind) {
    case 'handed-over':
      return;
    case 'left':
      flow.parts.log.info(
        { stageId: flow.progress.stage.id, reason: end.why },
        'the stage is not continued by this replica',
      );
      return flow.parts.lease.settle(flow.progress.stage.id);
    case 'over':
      flow.parts.log.info({ stageId: flow.progress.stage.id, reason: end.why }, 'a stage has already ended');
      flow.parts.lease.settle(flow.progress.stage.id);
      return cleanUp(flow);
    case 'reported':
      flow.parts.lease.settle(flow.progress.stage.id);
      return leaveNamespace(flow);
    case 'expired':
      return giveUp(flow);
    case 'cancelled':
      return endEarly(flow, { kind: 'cancelled' });
    case 'failed':
      recordFailure(flow, end.error);
      return endEarly(flow, { kind: 'broken', text: end.error.message });
  }
}

/** Ends a stage that was stopped before its supervision: by a cancel, a refusal or an unexpected error. */
async function endEarly(flow: StageFlow, end: EarlyEnd): Promise<void> {
  const { handOver } = flow.stops;
  flow.ended();
  const expiry = new Expiry(flow.parts);
  try {
    expiry.begin(endedAgoMs(flow.progress, flow.parts.clock));
    await report(flow, end, AbortSignal.any([handOver, expiry.signal]));
  } finally {
    expiry.close();
  }
  if (handOver.aborted) return;
  if (expiry.signal.aborted) return giveUp(flow);
  flow.parts.lease.settle(flow.progress.stage.id);
  await cleanUp(flow);
}

/** Removes a stage whose end the server has not accepted within the retention. */
async function giveUp(flow: StageFlow): Promise<void> {
  const { parts, progress } = flow;
  const { retentionMs } = parts;
  parts.log.error(
    { stageId: progress.stage.id, buildId: progress.stage.buildId, retentionMs },
    'the Drone server has not accepted the end of a stage within HANGAR_RECORD_RETENTION: its Pod and its record are removed',
  );
  parts.events.expired();
  parts.lease.settle(progress.stage.id);
  await cleanUp(flow);
}

async function cleanUp(flow: StageFlow): Promise<void> {
  const { parts, progress } = flow;
  if (progress.pod) {
    parts.registry.finish(progress.pod.metadata?.uid, parts.clock.monotonicMs());
    const removed = await removePod(parts, progress.pod, 0);
    // Its namespace is another replica's as well.
    if (removed === 'others') return;
    // The Pod is then adopted once more, and removed at the end of that.
    if (removed === 'left') parts.registry.forget(progress.pod.metadata?.uid ?? '');
  }
  await leaveNamespace(flow);
}

/** Removes the namespace that was created for this stage alone, by any process. */
async function leaveNamespace({ parts, progress }: StageFlow): Promise<void> {
  const { work, pod } = progress;
  const recorded = pod && ownNamespaceOf(pod);
  if (recorded) await removeNamespace(parts, recorded);
  else if (work?.ownNamespace) await removeNamespace(parts, { name: work.namespace, uid: undefined });
}

function recordFailure({ parts, progress }: StageFlow, error: PipelineError): void {
  const { log, events } = parts;
  const { code, blame, message } = error;
  events.failedEarly(code, blame);
  parts.registry.update(progress.stage.id, { failure: code });
  const about = { stageId: progress.stage.id, code };
  if (blame === 'pipeline') log.info({ ...about, reason: message }, 'a stage could not be run');
  else log.error({ ...about, err: error }, 'a stage could not be run');
}

async function report(flow: StageFlow, end: EarlyEnd, signal: AbortSignal): Promise<void> {
  const { parts, progress } = flow;
  const { started, work, isSupervised, stage } = progress;
  if (started && work && !isSupervised) return reportSteps(parts, { started, plan: work.plan }, end, signal);
  if (end.kind === 'broken') await endLostSteps(flow, end.text, signal);
  const version = started?.reporter.stageVersion ?? stage.version;
  const known = { ...stage, machine: progress.machine, version };
  await finishBare(parts, known, { ...end, firstLog: started?.firstLog }, signal);
}

/** A stage that is running according to the server, without any step having run. */
interface NotRun {
  readonly started: Started;
  readonly plan: RunPlan;
}

/** Reports that no step ran (drone-rpc §4.5). */
async function reportSteps(
  { clock }: StageFlow['parts'],
  notRun: NotRun,
  end: EarlyEnd,
  signal: AbortSignal,
): Promise<void> {
  const { firstLog, reporter } = notRun.started;
  if (end.kind === 'broken') firstLog?.note(end.text);
  await firstLog?.finish(signal);
  const state = endState(notRun, end, clock.now());
  if (end.kind === 'broken') await reportUnknown(reporter, state, signal);
  await reporter.finish(state, end, signal);
}

function endState({ started, plan }: NotRun, end: EarlyEnd, nowMs: number): StageState {
  const fresh = newStage(plan);
  const [first] = plan.steps;
  // The first step is reported as running if its log stated why the stage waits.
  const shown = started.firstLog && first ? begun(fresh, first.n, nowMs) : fresh;
  return concluded(shown, plan, end, nowMs);
}

async function reportUnknown(reporter: Reporter, state: StageState, signal: AbortSignal): Promise<void> {
  for (const [n, step] of state) if (!reporter.knows(n)) await reporter.step(step, signal);
}

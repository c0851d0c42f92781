import { errorText } from '@hangar/shared/error-text';
import { removeNamespace } from '../launch/remove-namespace.ts';
import { removePod } from '../launch/remove-pod.ts';
import type { Started } from '../launch/start.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { begun, concluded, newStage, type StageState } from '../pipeline/stage-state.ts';
import { type EarlyEnd, finishBare } from '../report/finish-bare.ts';
import type { Reporter } from '../report/reporter.ts';
import { Expiry } from './expiry.ts';
import type { StageEnd, StageFlow } from './stage-progress.ts';
import { NotToBeStarted } from './start.ts';

/** What an error of a station means for the stage. */
export function endOf({ progress, stops }: StageFlow, error: unknown): StageEnd {
  if (stops.handOver.aborted) return { kind: 'handed-over' };
  if (error instanceof NotToBeStarted) return error.end;
  if (stops.cancelled.aborted) return { kind: 'cancelled' };
  if (error instanceof PipelineError) return { kind: 'failed', error };
  const what = progress.adopted
    ? 'the pipeline could not be taken over from a runner that is gone'
    : 'the runner failed';
  const text = `${what}: ${errorText(error)}`;
  return { kind: 'failed', error: new PipelineError('internal', text, { blame: 'bug', cause: error }) };
}

/**
 * Ends a stage: the server first, then the Pod and what was made for it, then the record in the Lease. Stopped in between, what is left says to
 * whoever comes next what to do. Never rejects.
 */
export async function conclude(flow: StageFlow, end: StageEnd): Promise<void> {
  switch (end.kind) {
    case 'handed-over':
      return;
    case 'left':
      flow.parts.log.info(
        { stageId: flow.progress.stage.id, reason: end.why },
        'a stage is not continued here',
      );
      return flow.parts.lease.settle(flow.progress.stage.id);
    case 'over':
      flow.parts.log.info({ stageId: flow.progress.stage.id, reason: end.why }, 'a stage is over');
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
      tellFailure(flow, end.error);
      return endEarly(flow, { kind: 'broken', text: end.error.message });
  }
}

/** Something stopped the stage before its supervision: a cancel, a refusal, or a surprise. */
async function endEarly(flow: StageFlow, end: EarlyEnd): Promise<void> {
  const { handOver } = flow.stops;
  flow.ended();
  const expiry = new Expiry(flow.parts);
  try {
    expiry.begin(flow.parts.clock.now());
    await report(flow, end, AbortSignal.any([handOver, expiry.signal]));
  } finally {
    expiry.close();
  }
  if (handOver.aborted) return;
  if (expiry.signal.aborted) return giveUp(flow);
  flow.parts.lease.settle(flow.progress.stage.id);
  await cleanUp(flow);
}

/** The server has not taken the end for so long that nobody waits for it any more. */
async function giveUp(flow: StageFlow): Promise<void> {
  const { parts, progress } = flow;
  const { retentionMs } = parts;
  parts.log.error(
    { stageId: progress.stage.id, buildId: progress.stage.buildId, retentionMs },
    'the Drone server has not taken the end of a stage within HANGAR_RECORD_RETENTION: its Pod and its record are removed',
  );
  parts.events.expired();
  parts.lease.settle(progress.stage.id);
  await cleanUp(flow);
}

async function cleanUp(flow: StageFlow): Promise<void> {
  const { parts, progress } = flow;
  if (progress.pod) {
    parts.registry.finish(progress.pod.metadata?.uid, parts.clock.now());
    const removed = await removePod(parts, progress.pod, 0);
    // Then it is adopted once more, which ends with its removal.
    if (removed === 'left') parts.registry.forget(progress.pod.metadata?.uid ?? '');
  }
  await leaveNamespace(flow);
}

/** What was made for this stage alone goes with it, whoever made it. */
async function leaveNamespace({ parts, progress }: StageFlow): Promise<void> {
  const { work, record, pod } = progress;
  if (work?.ownNamespace) await removeNamespace(parts, work.namespace);
  else if (record?.ownNamespace) await removeNamespace(parts, pod?.metadata?.namespace ?? '');
}

function tellFailure({ parts, progress }: StageFlow, error: PipelineError): void {
  const { log, events } = parts;
  const { code, blame, message } = error;
  events.failedEarly(code, blame);
  const about = { stageId: progress.stage.id, code };
  if (blame === 'pipeline') log.info({ ...about, reason: message }, 'a stage could not be run');
  else log.error({ ...about, err: error }, 'a stage could not be run');
}

async function report({ parts, progress }: StageFlow, end: EarlyEnd, signal: AbortSignal): Promise<void> {
  const { started, work, isSupervised, stage } = progress;
  if (started && work && !isSupervised) return reportSteps(parts, { started, plan: work.plan }, end, signal);
  const version = started?.reporter.stageVersion ?? stage.version;
  await finishBare(parts, { ...stage, version }, { ...end, firstLog: started?.firstLog }, signal);
}

/** A stage that the server knows to be running, and no step of which ran. */
interface NotRun {
  readonly started: Started;
  readonly plan: RunPlan;
}

/** No step ran, and all of them are reported so (drone-rpc §4.5). */
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
  // It shows as running where its log said why the stage waits.
  const shown = started.firstLog && first ? begun(fresh, first.n, nowMs) : fresh;
  return concluded(shown, plan, end, nowMs);
}

async function reportUnknown(reporter: Reporter, state: StageState, signal: AbortSignal): Promise<void> {
  for (const [n, step] of state) if (!reporter.knows(n)) await reporter.step(step, signal);
}

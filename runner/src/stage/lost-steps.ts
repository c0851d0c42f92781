import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { concluded, newStage, type OpenStep, type StepState, toDroneStep } from '../pipeline/stage-state.ts';
import type { StageFlow } from './stage-progress.ts';

/**
 * Ends the recorded open steps of a stage whose Pod and owner are gone, so that they are not shown as running for ever: running ones with the
 * error of the stage, others as skipped. Their version shows whether they ended after they were recorded; then they keep their status. Never
 * rejects: the end of the stage does not depend on it.
 */
export async function endLostSteps(flow: StageFlow, text: string, signal: AbortSignal): Promise<void> {
  const { parts, progress } = flow;
  const { lostSteps, stage } = progress;
  if (lostSteps.length === 0) return;
  try {
    const plan = await planOf(flow, signal);
    for (const step of lostSteps) await endStep(flow, { plan, step, text }, signal);
  } catch (err) {
    if (!signal.aborted)
      parts.log.warn({ err, stageId: stage.id }, 'the steps of a lost stage could not be ended');
  }
}

/** A report of a step replaces all its fields, which only the pipeline has. */
async function planOf({ parts, progress }: StageFlow, signal: AbortSignal): Promise<RunPlan> {
  const detail = progress.detail ?? (await parts.ciServer.detail(progress.stage.id, signal));
  const { plan } = await parts.draft(detail, signal);
  const isSame = progress.lostSteps.every(({ n }) => plan.steps.some((step) => step.n === n));
  if (isSame) return plan;
  throw new PipelineError('start-lost', 'the steps of the pipeline have changed since it was started', {
    blame: 'operator',
  });
}

async function endStep(
  { parts, progress }: StageFlow,
  { plan, step, text }: { readonly plan: RunPlan; readonly step: OpenStep; readonly text: string },
  signal: AbortSignal,
): Promise<void> {
  const about = { plan, stageId: progress.stage.id, id: step.id };
  for (const { version, status } of triesFor(step)) {
    const ended = endedStep(plan, { n: step.n, status, text, atMs: parts.clock.now() });
    const update = await parts.ciServer.updateStep(toDroneStep(ended, { ...about, version }), signal);
    if (update.kind === 'updated' || update.afterLostAnswer) return;
  }
}

/** Versions that the step has if it is open, with its status then. A pending step may have been reported as running since. */
const triesFor = ({ version, isRunning }: OpenStep) =>
  isRunning
    ? ([{ version, status: 'running' }] as const)
    : ([
        { version, status: 'pending' },
        { version: version + 1, status: 'running' },
      ] as const);

/** The end of a step that had that status when its Pod was lost. Pure. */
function endedStep(
  plan: RunPlan,
  { n, status, text, atMs }: { n: number; status: 'pending' | 'running'; text: string; atMs: number },
): StepState {
  const fresh = newStage(plan);
  const step = fresh.get(n);
  if (!step) throw new Error(`the plan has no step ${n}`);
  const state = new Map(fresh).set(n, { ...step, status });
  return concluded(state, plan, { kind: 'broken', text }, atMs).get(n) ?? step;
}

import type { Clock } from '@hangar/shared/clock';
import type { Started } from '../launch/start.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { begun, type Conclusion, concluded, newStage, type StageState } from '../pipeline/stage-state.ts';
import type { Reporter } from '../report/reporter.ts';

/** A stage that the server knows to be running, and that never came to its flight. */
export interface NotStarted {
  readonly started: Started;
  readonly plan: RunPlan;
}

/**
 * Ends a stage that was started at the server and whose Pod was never let go: no step ran, and all of them are told so
 * (drone-rpc §4.5). An empty text: the build was cancelled. Never rejects.
 */
export async function finishNotStarted(
  clock: Clock,
  notStarted: NotStarted,
  text: string,
  handOver: AbortSignal,
): Promise<void> {
  const { firstLog } = notStarted.started;
  if (text) firstLog?.note(text);
  await firstLog?.finish(handOver);
  const conclusion: Conclusion = text ? { kind: 'broken', text } : { kind: 'cancelled' };
  const state = endState(notStarted, conclusion, clock.now());
  const { reporter } = notStarted.started;
  if (text) await tellUnknown(reporter, state, handOver);
  await reporter.finish(state, conclusion, handOver);
}

function endState({ started, plan }: NotStarted, conclusion: Conclusion, nowMs: number): StageState {
  const fresh = newStage(plan);
  const [first] = plan.steps;
  // It shows as running where its log said why the stage waits.
  const shown = started.firstLog && first ? begun(fresh, first.n, nowMs) : fresh;
  return concluded(shown, plan, conclusion, nowMs);
}

async function tellUnknown(reporter: Reporter, state: StageState, signal: AbortSignal): Promise<void> {
  for (const [n, step] of state) if (!reporter.knows(n)) await reporter.step(step, signal);
}

import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import { begun, type Conclusion, concluded, newStage } from '../flight/stage-state.ts';
import type { Started } from '../launch/start.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import type { CiServer } from '../ports/ci-server.ts';
import { Reporter } from '../report/reporter.ts';

/** A stage that the server knows to be running, and that never came to its flight. */
export interface Unflown {
  readonly started: Started;
  readonly plan: RunPlan;
  /** Another process told some of it; how often it was taken over. */
  readonly adoptions?: number;
}

/**
 * Ends a stage that was started at the server and whose Pod was never let go: no step ran, and all of them are told so
 * (drone-rpc-spec §4.5). An empty text: the build was cancelled. Never rejects.
 */
export async function finishUnflown(
  parts: { clock: Clock; ciServer: CiServer; log: Logger },
  { started, plan, adoptions }: Unflown,
  text: string,
  handOver: AbortSignal,
): Promise<void> {
  const conclusion: Conclusion = text ? { kind: 'broken', text } : { kind: 'cancelled' };
  const { firstLog, stage, stepIds } = started;
  if (text) firstLog?.note(text);
  await firstLog?.finish(handOver);
  const nowMs = parts.clock.now();
  const [first] = plan.steps;
  const fresh = newStage(plan);
  // It shows as running where its log said why the stage waits.
  const shown = firstLog && first ? begun(fresh, first.n, nowMs) : fresh;
  const state = concluded(shown, plan, conclusion, nowMs);
  const versions =
    adoptions === undefined ? { versions: 'exact' as const } : { versions: 'unknown' as const, adoptions };
  const reporter = started.reporter ?? new Reporter(parts, { stage, plan, stepIds, ...versions });
  if (text)
    for (const [n, step] of state) if (!reporter.knows(n)) await reporter.step(step, handOver);
  await reporter.finish(state, conclusion, handOver);
}

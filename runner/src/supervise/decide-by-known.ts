import type { PlannedStep } from '../pipeline/run-plan.ts';
import { decide, type SkipDecision, type StepResult, type StepResults } from '../pipeline/step-decision.ts';

/** What the runner does about a step by the results that it knows so far. Pure. */
export function decideByKnown(
  step: PlannedStep,
  results: StepResults,
  steps: readonly PlannedStep[],
): 'wait' | 'run' | SkipDecision {
  const decision = decide(step, results, steps);
  // Another gate received a signal to stop; this one reports the same, now or later.
  if (decision === 'wait' || decision === 'stopping') return 'wait';
  // No gate judges again whether a swapped step runs.
  if (step.engine === 'swap') {
    const isOpen = decision === 'run' || decision === 'passed-before';
    return isOpen && !areEndsKnown(step, results, steps) ? 'wait' : decision;
  }
  // An uncertain skip is left to the gate, which reports it in its log.
  return decision !== 'run' && isCertainSkip(decision, step, results, steps) ? decision : 'run';
}

/**
 * Whether a skip is certain without the report of the step's gate. Results are known a little after they happened, those of two steps
 * possibly in reverse order: the step may have started before the failure that seems to prevent it. Only the steps that it waits for,
 * directly or transitively, are certain to have ended before it.
 */
export function isCertainSkip(
  skip: SkipDecision,
  step: PlannedStep,
  results: StepResults,
  steps: readonly PlannedStep[],
): boolean {
  const before = stepsBefore(step, steps);
  // Any other step may fail, or may have failed without this being known yet, and so let it run.
  if (skip === 'passed-before')
    return areEndsKnown(step, results, steps) && othersThan(step, before, steps).length === 0;
  const sure = new Map([...results].filter(([n]) => before.has(n)));
  const verdict = decide(step, sure, steps);
  return verdict !== 'run' && verdict !== 'wait' && verdict !== 'passed-before';
}

/**
 * Whether the ends of all steps that it waits for, directly or transitively, are known. The end of a step may be known before that of its
 * own dependency, whose log is read later or whose container is kept.
 */
export function areEndsKnown(
  step: PlannedStep,
  results: StepResults,
  steps: readonly PlannedStep[],
): boolean {
  const before = stepsBefore(step, steps);
  return steps
    .filter(({ n, role, readyMs }) => before.has(n) && (role === 'step' || readyMs !== undefined))
    .every(({ n, role }) => isKnown(results.get(n), role));
}

/** A service that is ready has not failed, whatever its end. */
const isKnown = (result: StepResult | undefined, role: PlannedStep['role']): boolean =>
  result?.phase === 'ended' || (role === 'background' && result?.phase === 'running');

const stepsBefore = ({ n }: PlannedStep, steps: readonly PlannedStep[]): ReadonlySet<number> =>
  reached(n, new Map(steps.map((one) => [one.n, one.after])));

/** Steps whose failure would count, and that are neither before nor after that one. */
function othersThan(
  step: PlannedStep,
  before: ReadonlySet<number>,
  steps: readonly PlannedStep[],
): readonly PlannedStep[] {
  const followers = new Map<number, number[]>(steps.map(({ n }) => [n, []]));
  for (const { n, after: previous } of steps) for (const one of previous) followers.get(one)?.push(n);
  const after = reached(step.n, followers);
  return steps.filter(({ n, role, readyMs }) => {
    const canFail = role === 'step' || readyMs !== undefined;
    return canFail && n !== step.n && !before.has(n) && !after.has(n);
  });
}

function reached(from: number, next: ReadonlyMap<number, readonly number[]>): ReadonlySet<number> {
  const found = new Set<number>();
  const open = [...(next.get(from) ?? [])];
  for (let n = open.pop(); n !== undefined; n = open.pop()) {
    if (found.has(n)) continue;
    found.add(n);
    open.push(...(next.get(n) ?? []));
  }
  return found;
}

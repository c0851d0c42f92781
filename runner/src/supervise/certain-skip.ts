import type { PlannedStep } from '../pipeline/run-plan.ts';
import { decide, type SkipDecision, type StepResults } from '../pipeline/step-decision.ts';

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
  const before = reached(step.n, new Map(steps.map(({ n, after }) => [n, after])));
  // Any other step may fail, or may have failed without this being known yet, and so let it run.
  if (skip === 'passed-before') return othersThan(step, before, steps).length === 0;
  const sure = new Map([...results].filter(([n]) => before.has(n)));
  const verdict = decide(step, sure, steps);
  return verdict !== 'run' && verdict !== 'wait' && verdict !== 'passed-before';
}

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

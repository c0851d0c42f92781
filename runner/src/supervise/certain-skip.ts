import type { PlannedStep } from '../pipeline/run-plan.ts';
import { decide, type SkipDecision, type StepResults } from '../pipeline/step-decision.ts';

/**
 * Is that skip beyond doubt, so that nobody needs to hear it from the step's gate? Results are learnt a little after they happened,
 * those of two steps perhaps the other way round: the step may have begun before the failure that seems to keep it back. What
 * ended before the step's turn for sure are the steps that it waits for, directly or through others.
 */
export function isCertainSkip(
  skip: SkipDecision,
  step: PlannedStep,
  results: StepResults,
  steps: readonly PlannedStep[],
): boolean {
  const before = reached(step.n, new Map(steps.map(({ n, after }) => [n, after])));
  // Any other step may fail, or have failed, without our knowledge yet, and let it run.
  if (skip === 'passed-before') return othersThan(step, before, steps).length === 0;
  const sure = new Map([...results].filter(([n]) => before.has(n)));
  const verdict = decide(step, sure, steps);
  return verdict !== 'run' && verdict !== 'wait' && verdict !== 'passed-before';
}

/** Ordinary steps that are neither before nor behind that one. */
function othersThan(
  step: PlannedStep,
  before: ReadonlySet<number>,
  steps: readonly PlannedStep[],
): readonly PlannedStep[] {
  const waiters = new Map<number, number[]>(steps.map(({ n }) => [n, []]));
  for (const { n, after } of steps) for (const one of after) waiters.get(one)?.push(n);
  const behind = reached(step.n, waiters);
  return steps.filter(({ n, role }) => role === 'step' && n !== step.n && !before.has(n) && !behind.has(n));
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

import type { PipelineStep } from '../pipeline/pipeline.ts';
import { each, refuse, stepField, stepTitle } from './refuse.ts';
import { indexesOf, onlyStep, type StepSet } from './step-set.ts';

/** The origin of a step; the last two are the runner's own (`cache-steps.ts`). */
export type Origin = 'clone' | 'service' | 'step' | CacheOrigin;
type CacheOrigin = 'restore-cache' | 'save-cache';

/** Whether an author wrote the step. Pure. */
export const isAuthors = (origin: Origin): boolean => origin === 'service' || origin === 'step';

/** Whether the step restores or saves caches. Pure. */
export const isOfCaches = (origin: Origin): origin is CacheOrigin =>
  origin === 'restore-cache' || origin === 'save-cache';

/** A step of the YAML, and whether its conditions allow it to run. */
export interface Candidate {
  readonly step: PipelineStep;
  readonly origin: Origin;
  readonly canRun: boolean;
}

/** A step that can run, with its number and dependencies. */
export interface OrderedStep {
  readonly n: number;
  readonly step: PipelineStep;
  readonly origin: Origin;
  readonly role: 'step' | 'background';
  /** Numbers of the steps it waits for, ascending. */
  readonly after: readonly number[];
  /** Names of its dependencies as the server draws them: the author's, else the clone step or, in a serial pipeline, the step before. */
  readonly dependsOn: readonly string[];
}

const roleOf = ({ step, origin }: Candidate): OrderedStep['role'] =>
  origin === 'service' || step.detach ? 'background' : 'step';

const ascending = (numbers: Iterable<number>): readonly number[] =>
  [...new Set(numbers)].sort((a, b) => a - b);

/**
 * Serial order: each step waits for the previous ordinary step, and for the start of the background steps between the two,
 * so that no detached step blocks others.
 */
function serialOrder(candidates: readonly Candidate[]): readonly OrderedStep[] {
  const ordered: OrderedStep[] = [];
  let lastOrdinary: readonly number[] = [];
  let previous: readonly number[] = [];
  let previousName: readonly string[] = [];
  for (const candidate of candidates.filter(({ canRun }) => canRun)) {
    const n = ordered.length + 1;
    const role = roleOf(candidate);
    ordered.push({
      n,
      step: candidate.step,
      origin: candidate.origin,
      role,
      after: ascending([...lastOrdinary, ...previous]),
      dependsOn: previousName,
    });
    previous = [n];
    previousName = [candidate.step.name];
    if (role === 'step') lastOrdinary = [n];
  }
  return ordered;
}

/** The author's dependencies, plus the implicit one on the clone step. */
function dependencies({ step, origin }: Candidate, { hasClone, hasNamedClone }: Clone): readonly string[] {
  if (origin === 'clone') return [];
  if (step.dependsOn.length === 0) return hasClone && step.name !== 'clone' ? ['clone'] : [];
  const isOnlyClone = step.dependsOn.length === 1 && step.dependsOn[0] === 'clone';
  return isOnlyClone && !hasNamedClone ? [] : step.dependsOn;
}

interface Clone {
  readonly hasClone: boolean;
  readonly hasNamedClone: boolean;
}

function stepsBehind(known: ReadonlyMap<string, StepSet>, name: string, step: PipelineStep): StepSet {
  const steps = known.get(name);
  if (steps !== undefined) return steps;
  return refuse(
    'invalid-pipeline',
    `${stepTitle(step)} depends on ${JSON.stringify(name)}, which is not an earlier step; correct the name or move that step up`,
    stepField(step, 'depends_on', step.dependsOn.indexOf(name)),
  );
}

/**
 * Each step waits for its named dependencies. A dependency that can't run is replaced by that step's own dependencies, so that
 * the order is kept. A step may only name earlier steps, hence there are no cycles.
 */
function graphOrder(candidates: readonly Candidate[]): readonly OrderedStep[] {
  const clone = {
    hasClone: candidates.some(({ origin }) => origin === 'clone'),
    hasNamedClone: candidates.some(({ step }) => step.name === 'clone'),
  };
  const ordered: OrderedStep[] = [];
  const known = new Map<string, StepSet>();
  for (const candidate of candidates) {
    const { step, origin, canRun } = candidate;
    const dependsOn = dependencies(candidate, clone);
    const before = each(dependsOn, (name) => stepsBehind(known, name, step)).reduce(
      (all, one) => all | one,
      0n,
    );
    const index = ordered.length;
    const after = indexesOf(before).map((earlier) => earlier + 1);
    if (canRun) ordered.push({ n: index + 1, step, origin, role: roleOf(candidate), after, dependsOn });
    known.set(step.name, canRun ? onlyStep(index) : before);
  }
  return ordered;
}

/**
 * Numbers the steps that can run and computes their dependencies (previous-runner §4.12; known issues 3 and 31: the others get no
 * number). If any step has `depends_on`, the pipeline is a graph; otherwise it is serial.
 * Throws PipelineError for a dependency on anything but an earlier step.
 */
export function orderSteps(candidates: readonly Candidate[]): readonly OrderedStep[] {
  const isGraph = candidates.some(({ step }) => step.dependsOn.length > 0);
  return isGraph ? graphOrder(candidates) : serialOrder(candidates);
}

import { EARLY_SUCCESS } from './exit-codes.ts';

/** Why a step is skipped: the words of the gate's exit line. @see runner/gate/PROTOCOL.md */
export type SkipDecision = 'failed-before' | 'passed-before' | 'fast' | 'ended-early' | 'stopping';

/**
 * How a program that was started ended, in the words of the gate's exit line: by itself or by a stop (`ran`), by its own `timeout`, or,
 * for a service, before it was ready. @see runner/gate/PROTOCOL.md
 */
export type RunDecision = 'ran' | 'timed-out' | 'unready';

/** What `stage.json` tells of a step, as far as decisions go. Numbers count the Pod's steps from 1. */
export interface DecidableStep {
  readonly n: number;
  readonly name: string;
  readonly role: 'step' | 'background';
  readonly after: readonly number[];
  readonly runs: 'on-success' | 'on-failure' | 'always';
  readonly fails: 'fail' | 'ignore' | 'fast';
}

/**
 * What is known of a step: not begun, its child was started, or ended with a word and a code (0 to 255).
 * `stopping`: its gate got, or saw, a stop signal.
 */
export type StepResult =
  | { readonly phase: 'waiting' | 'running'; readonly stopping?: boolean }
  | {
      readonly phase: 'ended';
      readonly decision: RunDecision | SkipDecision;
      readonly code: number;
      readonly stopping?: boolean;
    };

/** Results by step number; a step that is missing has not begun. */
export type StepResults = ReadonlyMap<number, StepResult>;

/**
 * What becomes of a step by the results of all steps of its stage; pure and deterministic.
 *
 * What skips everything (`stopping`, `fast`, `ended-early`) is told at once; the rest only after the dependencies,
 * so that nobody who depends on a skipped step overtakes what that step waited for. The gate decides by the same
 * table in Go (`runner/gate/decide.go`); `runner/gate/decisions.json` holds both to it.
 */
export function decide(
  step: DecidableStep,
  results: StepResults,
  steps: readonly DecidableStep[],
): 'wait' | 'run' | SkipDecision {
  const word = skipsAll(results, steps);
  if (word !== undefined) return word;
  if (!dependenciesDone(step, results, steps)) return 'wait';
  const failing = failedSteps(results, steps).length > 0;
  if (step.runs === 'on-success' && failing) return 'failed-before';
  if (step.runs === 'on-failure' && !failing) return 'passed-before';
  return 'run';
}

/**
 * Names of the steps whose failure counts, in the steps' order: it is not ignored, and in the background it counts only for a service
 * that was not ready.
 */
export function failedSteps(results: StepResults, steps: readonly DecidableStep[]): string[] {
  return steps
    .filter((step) => step.fails !== 'ignore' && counts(step, results.get(step.n)))
    .map((step) => step.name);
}

function skipsAll(results: StepResults, steps: readonly DecidableStep[]): SkipDecision | undefined {
  if ([...results.values()].some(stops)) return 'stopping';
  const ordinary = steps.filter((step) => step.role === 'step');
  if (hasFailedFast(results, steps)) return 'fast';
  if (ordinary.some((step) => endsEarly(results.get(step.n)))) return 'ended-early';
  return undefined;
}

/** Has a step failed whose failure stops all others? */
export const hasFailedFast = (results: StepResults, steps: readonly DecidableStep[]): boolean =>
  steps.some(({ n, role, fails }) => role === 'step' && fails === 'fast' && failed(results.get(n)));

function stops(result: StepResult): boolean {
  return result.stopping === true || (result.phase === 'ended' && result.decision === 'stopping');
}

function endsEarly(result: StepResult | undefined): boolean {
  return result?.phase === 'ended' && result.decision === 'ran' && result.code === EARLY_SUCCESS;
}

function counts({ role }: DecidableStep, result: StepResult | undefined): boolean {
  return failed(result) && (role === 'step' || (result?.phase === 'ended' && result.decision === 'unready'));
}

function failed(result: StepResult | undefined): boolean {
  if (result?.phase !== 'ended') return false;
  if (result.decision === 'timed-out' || result.decision === 'unready') return true;
  return result.decision === 'ran' && result.code !== 0 && result.code !== EARLY_SUCCESS;
}

function dependenciesDone(
  step: DecidableStep,
  results: StepResults,
  steps: readonly DecidableStep[],
): boolean {
  return steps.every((other) => !step.after.includes(other.n) || done(other, results.get(other.n)));
}

/** A service or detached step counts from its start, any other from its end. */
function done(step: DecidableStep, result: StepResult | undefined): boolean {
  return result?.phase === 'ended' || (step.role === 'background' && result?.phase === 'running');
}

import type { ShownStage, ShownStep } from '../history/stage-history.ts';
import { FAILURES, isFailureCode } from '../pipeline/failures.ts';

/** The state of a stage in one word: its phase while this replica runs it, then its result. Pure. */
export function stateOf({ isOpen, entry, status }: ShownStage): string {
  if (isOpen) return entry.phase;
  return status === 'running' || status === 'pending' ? 'left' : status;
}

/** What explains the state: why a stage waits, or how it failed. Empty: nothing to explain. Pure. */
export function explanationOf(stage: ShownStage): string {
  const { isOpen, entry, error } = stage;
  if (isOpen && entry.reason !== '') return entry.reason;
  if (stateOf(stage) === 'left') return 'another replica of the runner continues it';
  if (error !== '') return error;
  return stage.steps.flatMap(explanationsOf).join('; ');
}

function explanationsOf({ name, status, exitCode, error, notStored }: ShownStep): readonly string[] {
  if (status === 'failure' || status === 'error')
    return [`step ${name} failed: ${error || `exit code ${exitCode}`}`];
  return notStored === '' ? [] : [`step ${name}: ${notStored}`];
}

/** What to do about a failure that is not the result of a step. Pure. */
export function remedyOf({ entry: { failure = '' } }: ShownStage): string {
  return isFailureCode(failure) ? FAILURES[failure].cure : '';
}

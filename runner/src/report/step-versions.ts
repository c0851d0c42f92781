import type { RunPlan } from '../pipeline/run-plan.ts';
import type { StepState } from '../pipeline/stage-state.ts';

/** What limits the versions that a step may have at the server, after other processes may have reported it. */
export interface Takeover {
  readonly plan: RunPlan;
  /** Versions that steps had before their Pod could run, if not 1: the first step is reported as running while its stage waits. */
  readonly recordedVersions?: ReadonlyMap<number, number>;
  /** How many times the stage was taken over, including this time; each owner may have reported the state of every step again. */
  readonly adoptions?: number;
  /** When this process took it over, milliseconds since 1970: no other process has reported a step that begins well after that. */
  readonly takenOverMs?: number;
}

/** The clock of a node and ours may differ by this much. */
const CLOCKS_DIFFER_MS = 60_000;
/** No step is reported this many times: each process does that a few times, and once more for each response that is lost. */
const MOST_VERSIONS = 100;

const versions = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);

/**
 * The versions to try for a step whose version is not known: 1 when registered, 2 when running, 3 when its end was reported, and one more for
 * each previous owner that reported it again (gate §4). It may be higher, as after a lost response. No more are tried at first: a cancel increases
 * the version too, and must appear as a conflict. Pure.
 */
export function likelyVersions(
  step: StepState,
  { plan, recordedVersions, adoptions = 1, takenOverMs = Infinity }: Takeover,
): readonly number[] {
  const first = recordedVersions?.get(step.n) ?? 1;
  // The first step may have been reported as running while the stage waited.
  const isUnreported = step.n !== plan.steps[0]?.n && step.startedMs > takenOverMs + CLOCKS_DIFFER_MS;
  if (step.status === 'running') return isUnreported ? [first] : versions(first, first + adoptions);
  return [...versions(first + 1, first + 1 + adoptions), first];
}

/**
 * The versions to try for a step of a stage that is certainly not cancelled: an end replaces whatever the server has of the step. A start does
 * not: the step may have ended there. Pure.
 */
export function allVersions(step: StepState, takeover: Takeover): readonly number[] {
  const likely = likelyVersions(step, takeover);
  if (step.status === 'running') return likely;
  return [...new Set([...likely, ...versions(1, MOST_VERSIONS)])];
}

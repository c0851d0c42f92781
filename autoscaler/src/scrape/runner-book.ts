import type { KnownStage, StageAhead } from './known-stages.ts';
import type { RunnerReading, ScrapeProblem, StageSum } from './runner-reading.ts';
import type { Round } from './scrape.ts';
import type { StageState } from './words.ts';
import { CounterBook } from './counter-book.ts';

/** All runners together. What nobody told is undefined, never zero. */
export interface RunnersView {
  readonly targets: readonly string[];
  /** Those that have not answered for longer than is tolerable: what they know is missing. */
  readonly missing: readonly string[];
  readonly answeredLately: number;
  readonly states: Readonly<Record<StageState, StageSum>> | undefined;
  readonly capacityPipelines: number | undefined;
  readonly known: readonly KnownStage[] | undefined;
  /** Stages of running builds that are still to come, as far as somebody tells. */
  readonly ahead: readonly StageAhead[];
  readonly problems: readonly ScrapeProblem[];
  /** Increases since the round before, by series, summed over replicas. */
  readonly increases: ReadonlyMap<string, number>;
}

interface Kept {
  readonly atMs: number;
  readonly reading: RunnerReading;
  readonly known: readonly KnownStage[] | undefined;
  readonly ahead: readonly StageAhead[];
}

const MOST_PROBLEMS = 20;

/** Remembers what each runner last said, as long as it is worth something: one lost answer changes nothing. */
export class RunnerBook {
  readonly #kept = new Map<string, Kept>();
  readonly #counters = new CounterBook();
  readonly #keepMs: number;

  /** @param keepMs how long the last answer of a silent runner counts */
  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** @param nowMs a clock that never jumps */
  take(round: Round, nowMs: number): RunnersView {
    const targets = round.targets.map(({ target }) => target);
    for (const { target, reading, known, ahead } of round.targets)
      if (reading !== undefined) this.#kept.set(target, { atMs: nowMs, reading, known, ahead });
    for (const [target, { atMs }] of this.#kept)
      if (!targets.includes(target) || nowMs - atMs > this.#keepMs) this.#kept.delete(target);
    const kept = [...this.#kept.values()];
    const answered = round.targets.flatMap(({ reading }) => reading ?? []);
    return {
      targets,
      missing: targets.filter((target) => !this.#kept.has(target)),
      answeredLately: kept.length,
      states: sumStates(kept),
      capacityPipelines: sumOf(kept.map(({ reading }) => reading.capacityPipelines)),
      known: knownOf(kept),
      ahead: aheadOf(kept),
      problems: round.targets.flatMap(({ problems }) => problems).slice(0, MOST_PROBLEMS),
      increases: this.#counters.take(round.atMs / 1000, answered),
    };
  }
}

/** Undefined when nobody says, or somebody doesn't: half a sum is a lie. */
function sumOf(values: readonly (number | undefined)[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce<number | undefined>(
    (sum, value) => (sum === undefined || value === undefined ? undefined : sum + value),
    0,
  );
}

function sumStates(kept: readonly Kept[]): RunnersView['states'] {
  const reported = kept.flatMap(({ reading }) => reading.states ?? []);
  if (reported.length === 0) return undefined;
  const of = (state: StageState): StageSum =>
    reported
      .map((states) => states[state])
      .reduce((one, other) => ({
        stages: one.stages + other.stages,
        cpuMillicores: one.cpuMillicores + other.cpuMillicores,
        memoryBytes: one.memoryBytes + other.memoryBytes,
      }));
  return { waiting: of('waiting'), starting: of('starting'), running: of('running') };
}

/** A stage that two replicas tell (one hands over to the other) counts once. */
function knownOf(kept: readonly Kept[]): readonly KnownStage[] | undefined {
  const reported = kept.flatMap(({ known }) => (known === undefined ? [] : [known]));
  if (reported.length === 0 || reported.length < kept.length) return undefined;
  return [...new Map(reported.flat().map((stage) => [stage.stageId, stage])).values()];
}

/** Each stage once, at the earliest time that anybody expects; one that a runner has accepted is ahead no more. */
function aheadOf(kept: readonly Kept[]): readonly StageAhead[] {
  const accepted = new Set(kept.flatMap(({ known }) => known ?? []).map(({ stageId }) => stageId));
  const reported = kept.flatMap(({ ahead }) => ahead).filter(({ stageId }) => !accepted.has(stageId));
  const lastFirst = reported.toSorted((a, b) => (b.expectedMs ?? Infinity) - (a.expectedMs ?? Infinity));
  return [...new Map(lastFirst.map((stage) => [stage.stageId, stage])).values()];
}

import type { StageAhead, StageSum, WaitingStage } from '@hangar/shared/contract/demand';
import type { CountedState } from '@hangar/shared/contract/runner-metrics';
import { CounterBook } from './counter-book.ts';
import type { RunnerReading, ScrapeProblem } from './runner-reading.ts';
import type { Round } from './scrape.ts';

/** All runners together. Missing values are undefined, never zero. */
export interface RunnersView {
  readonly targets: readonly string[];
  /** Runners that have not answered for longer than the limit: their stages are missing. */
  readonly missing: readonly string[];
  readonly answeredLately: number;
  readonly states: Readonly<Record<CountedState, StageSum>> | undefined;
  readonly capacityPipelines: number | undefined;
  readonly known: readonly WaitingStage[] | undefined;
  /** Stages of running builds that are still to start, as far as runners report them. */
  readonly ahead: readonly StageAhead[];
  readonly problems: readonly ScrapeProblem[];
  /** Increases since the previous round, by series, summed over replicas. */
  readonly increases: ReadonlyMap<string, number>;
}

interface Kept {
  readonly atMs: number;
  readonly reading: RunnerReading;
  readonly known: readonly WaitingStage[] | undefined;
  readonly ahead: readonly StageAhead[];
}

const MOST_PROBLEMS = 20;
/** Limit of stages of all runners together: far more than runners hold, and few enough for a tick. */
const MOST_STAGES = 20_000;

/** Keeps each runner's last answer for a limited time, so that one lost answer changes nothing. */
export class RunnerBook {
  readonly #kept = new Map<string, Kept>();
  readonly #counters = new CounterBook();
  /** When an address was last answered by an older process than before, by target. */
  readonly #wentBackMs = new Map<string, number>();
  readonly #keepMs: number;

  /** @param keepMs how long the last answer of a silent runner is used */
  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** @param nowMs time of a monotonic clock */
  take(round: Round, nowMs: number): RunnersView {
    const targets = round.targets.map(({ target }) => target);
    for (const { target, reading, known, ahead } of round.targets)
      if (reading !== undefined) {
        this.#noteProcess(reading, nowMs);
        this.#kept.set(target, { atMs: nowMs, reading, known, ahead });
      }
    for (const [target, { atMs }] of this.#kept)
      if (!targets.includes(target) || nowMs - atMs > this.#keepMs) this.#kept.delete(target);
    const all = [...this.#kept.values()];
    const kept = withFewStages(all);
    const answered = round.targets.flatMap(({ reading }) => reading ?? []);
    return {
      targets,
      missing: targets.filter((target) => !this.#kept.has(target)),
      answeredLately: kept.length,
      states: sumStates(kept),
      capacityPipelines: sumOf(kept.map(({ reading }) => reading.capacityPipelines)),
      known: knownOf(kept),
      ahead: aheadOf(kept),
      problems: [
        ...tooMany(all, kept),
        ...this.#severalRunners(targets, nowMs),
        ...round.targets.flatMap(({ problems }) => problems),
      ].slice(0, MOST_PROBLEMS),
      increases: this.#counters.take(round.atMs / 1000, answered),
    };
  }

  /** A runner that is replaced is followed by a younger one; an older one shows that several answer in turn. */
  #noteProcess({ target, startedAtSeconds }: RunnerReading, nowMs: number): void {
    const before = this.#kept.get(target)?.reading.startedAtSeconds;
    if (before !== undefined && startedAtSeconds !== undefined && startedAtSeconds < before)
      this.#wentBackMs.set(target, nowMs);
  }

  #severalRunners(targets: readonly string[], nowMs: number): readonly ScrapeProblem[] {
    for (const [target, atMs] of this.#wentBackMs)
      if (!targets.includes(target) || nowMs - atMs > this.#keepMs) this.#wentBackMs.delete(target);
    return [...this.#wentBackMs.keys()].map((target) => ({
      target,
      problem: 'several runners answer in turn: an older process has answered after a younger one',
      cure: 'set HANGAR_AUTOSCALER_RUNNER_SERVICE in place of the address of a Service, or the address of each runner',
    }));
  }
}

/**
 * How much of each list is taken: all of the short ones, and of the longest ones equal parts of the rest. A runner that lies about
 * its stages so takes no place from the others.
 */
export function fairParts(lengths: readonly number[], most: number): readonly number[] {
  const parts = [...lengths];
  let rest = most;
  let left = lengths.length;
  for (const at of [...lengths.keys()].sort((one, other) => (lengths[one] ?? 0) - (lengths[other] ?? 0))) {
    const part = Math.min(lengths[at] ?? 0, Math.floor(rest / left));
    parts[at] = part;
    rest -= part;
    left -= 1;
  }
  return parts;
}

function withFewStages(kept: readonly Kept[]): readonly Kept[] {
  const known = fairParts(
    kept.map((one) => one.known?.length ?? 0),
    MOST_STAGES,
  );
  const ahead = fairParts(
    kept.map((one) => one.ahead.length),
    MOST_STAGES,
  );
  return kept.map((one, nth) => ({
    ...one,
    known: one.known?.slice(0, known[nth]),
    ahead: one.ahead.slice(0, ahead[nth]),
  }));
}

/** A problem for each runner whose stages were cut. */
function tooMany(all: readonly Kept[], kept: readonly Kept[]): readonly ScrapeProblem[] {
  const stagesOf = ({ known = [], ahead }: Kept): number => known.length + ahead.length;
  return all.flatMap((one, nth) => {
    const cut = stagesOf(one) - stagesOf(kept[nth] ?? one);
    if (cut === 0) return [];
    return {
      target: one.reading.target,
      problem: `${cut} of the ${stagesOf(one)} stages of its GET /demand are not counted: all runners together have more than ${MOST_STAGES}`,
      cure: 'check whether it is a runner of yours, and how many stages it can have',
    };
  });
}

/** Undefined when a value is missing: a partial sum would be wrong. */
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
  const of = (state: CountedState): StageSum =>
    reported
      .map((states) => states[state])
      .reduce((one, other) => ({
        stages: one.stages + other.stages,
        cpuMillicores: one.cpuMillicores + other.cpuMillicores,
        memoryBytes: one.memoryBytes + other.memoryBytes,
      }));
  return { waiting: of('waiting'), starting: of('starting'), running: of('running') };
}

/** A stage that two replicas report (during a hand-over) counts once. */
function knownOf(kept: readonly Kept[]): readonly WaitingStage[] | undefined {
  const reported = kept.flatMap(({ known }) => (known === undefined ? [] : [known]));
  if (reported.length === 0 || reported.length < kept.length) return undefined;
  return [...new Map(reported.flat().map((stage) => [stage.stageId, stage])).values()];
}

/** Each stage once, at the earliest expected time; a stage that a runner has accepted is no longer ahead. */
function aheadOf(kept: readonly Kept[]): readonly StageAhead[] {
  const accepted = new Set(kept.flatMap(({ known }) => known ?? []).map(({ stageId }) => stageId));
  const reported = kept.flatMap(({ ahead }) => ahead).filter(({ stageId }) => !accepted.has(stageId));
  const lastFirst = reported.toSorted((a, b) => (b.expectedMs ?? Infinity) - (a.expectedMs ?? Infinity));
  return [...new Map(lastFirst.map((stage) => [stage.stageId, stage])).values()];
}

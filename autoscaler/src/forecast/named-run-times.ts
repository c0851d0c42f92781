import type { EndedBuild, RunningBuild } from '../capacity/job.ts';
import { countByAge, RunTimes } from './run-times.ts';

/** How long builds of one name usually run. */
interface Usual {
  /** Runs, up to a limit: builds change. */
  readonly runs: number;
  /** Mean of the logarithms of their seconds. */
  readonly meanLog: number;
  /** The usual run time, drawn to that of all builds while there are few runs. */
  readonly seconds: number;
}

/** The usual run time of all builds weighs as much as so many runs of one name. */
const PRIOR_RUNS = 1;
/** How many of the last runs of a name count, and of all builds. */
const MEMORY_RUNS = { name: 50, all: 1000 } as const;
/** Run times are compared in units of the usual one of their name; the unit has so many seconds, so that its bins are fine enough. */
const UNIT_SECONDS = 600;
/** With more names, the one that was not seen for the longest time is forgotten. */
const MOST_NAMES = 10_000;

/**
 * How long builds run, learned from those that ended. Each name (`buildName`) has its usual run time, and all names share the
 * spread around it; builds without a name, or with a new one, have one distribution.
 */
export class NamedRunTimes {
  /** The name that was seen last stands last. */
  readonly #names = new Map<string, Usual>();
  readonly #any = new RunTimes();
  /** In units of the usual run time of each name. */
  readonly #relative = new RunTimes();
  #all: Usual = { runs: 0, meanLog: Math.log(UNIT_SECONDS), seconds: UNIT_SECONDS };

  ended({ name, seconds }: EndedBuild): void {
    this.#any.ended(seconds);
    const log = Math.log(Math.max(1, seconds));
    this.#all = withRun(this.#all, log, { memory: MEMORY_RUNS.all, prior: undefined });
    if (name === '') return;
    const known = this.#names.get(name) ?? { ...this.#all, runs: 0 };
    if (known.runs > 0) this.#relative.ended((seconds * UNIT_SECONDS) / known.seconds);
    this.#names.delete(name);
    this.#names.set(name, withRun(known, log, { memory: MEMORY_RUNS.name, prior: this.#all }));
    const [oldest] = this.#names.keys();
    if (this.#names.size > MOST_NAMES && oldest !== undefined) this.#names.delete(oldest);
  }

  /** Undefined: of a build of this name no more is known than of any. */
  #unitsPerSecond(name: string): number | undefined {
    const usual = this.#relative.isKnown ? this.#names.get(name) : undefined;
    return usual && UNIT_SECONDS / usual.seconds;
  }

  /** The probability that a build that starts now ends within this time, whatever its name; 0 when too little is known. */
  chanceOfEarlyEnd(withinSeconds: number): number {
    return this.#any.chanceOfEnd(0, withinSeconds);
  }

  /** Groups of builds with the same chance to end within a time. */
  leaving(
    builds: readonly RunningBuild[],
    nowSeconds: number,
    withinSeconds: number,
  ): readonly { readonly count: number; readonly chance: number }[] {
    const groups: { readonly count: number; readonly chance: number }[] = [];
    const unknown: RunningBuild[] = [];
    for (const build of builds) {
      const units = this.#unitsPerSecond(build.name);
      if (units === undefined) {
        unknown.push(build);
        continue;
      }
      const age = (nowSeconds - build.startedAt) * units;
      groups.push({ count: 1, chance: this.#relative.chanceOfEnd(age, withinSeconds * units) });
    }
    if (unknown.length === 0) return groups;
    const chances = this.#any.chancesOfEnd(withinSeconds);
    countByAge(unknown, nowSeconds).forEach((count, bin) => {
      if (count > 0) groups.push({ count, chance: chances[bin] ?? 0 });
    });
    return groups;
  }

  /** When half of the builds of this name and age have ended; now, when too little is known. */
  expectedEnd({ name, startedAt }: RunningBuild, nowSeconds: number): number {
    const age = nowSeconds - startedAt;
    const units = this.#unitsPerSecond(name);
    if (units === undefined) return nowSeconds + this.#any.medianRest(age);
    return nowSeconds + this.#relative.medianRest(age * units) / units;
  }

  /** When each node that holds builds is expected to be empty, in seconds; undefined until enough named builds have ended: ages alone say little. */
  emptyAt<Node>(
    builds: readonly (RunningBuild & { readonly node: Node })[],
    nowSeconds: number,
  ): ReadonlyMap<Node, number> | undefined {
    if (!this.#relative.isKnown) return undefined;
    const emptyAt = new Map<Node, number>();
    for (const build of builds) {
      const end = this.expectedEnd(build, nowSeconds);
      if (end > (emptyAt.get(build.node) ?? 0)) emptyAt.set(build.node, end);
    }
    return emptyAt;
  }
}

function withRun(
  { runs, meanLog }: Usual,
  log: number,
  { memory, prior }: { readonly memory: number; readonly prior: Usual | undefined },
): Usual {
  const now = Math.min(runs + 1, memory);
  const mean = meanLog + (log - meanLog) / now;
  const drawn =
    prior === undefined ? mean : mean + ((prior.meanLog - mean) * PRIOR_RUNS) / (now + PRIOR_RUNS);
  return { runs: now, meanLog: mean, seconds: Math.exp(drawn) };
}

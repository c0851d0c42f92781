import type { StageSum } from '@hangar/shared/contract/demand';
import {
  type CountedState,
  PROCESS_START,
  RUNNER_METRICS,
  STAGE_STATES,
} from '@hangar/shared/contract/runner-metrics';
import type { Exposition, Sample } from '@hangar/shared/exposition/exposition';

/** A value of a target that is not plausible: it is dropped and reported. */
export interface ScrapeProblem {
  readonly target: string;
  readonly problem: string;
  readonly cure: string;
}

/** The current values of one runner. Missing values are undefined, never zero. */
export interface RunnerReading {
  readonly target: string;
  readonly states: Readonly<Record<CountedState, StageSum>> | undefined;
  readonly capacityPipelines: number | undefined;
  readonly unschedulablePods: number | undefined;
  /** When its process started, in seconds since 1970. */
  readonly startedAtSeconds: number | undefined;
  /** Counters by series, such as `hangar_runner_builds_total{event="push"}`. */
  readonly counters: ReadonlyMap<string, number>;
}

/** Larger figures are mistakes. */
const MOST = { stages: 1_000_000, cores: 10_000_000, bytes: 2 ** 60, counter: 1e15 } as const;

/** Histograms whose series are tracked as counters. */
const HISTOGRAMS = [RUNNER_METRICS.wait.name, RUNNER_METRICS.run.name];
const COUNTERS = [RUNNER_METRICS.builds.name, RUNNER_METRICS.stagesEnded.name];

class Reading {
  readonly problems: ScrapeProblem[] = [];
  readonly #target: string;
  readonly #text: Exposition;

  constructor(target: string, text: Exposition) {
    this.#target = target;
    this.#text = text;
  }

  /** A plausible value; undefined when it is absent or not plausible. */
  sound(
    sample: Sample | undefined,
    most: number,
    kind: 'value' | 'whole number' = 'value',
  ): number | undefined {
    if (sample === undefined) return undefined;
    const { name, value } = sample;
    if (value >= 0 && value <= most && (kind === 'value' || Number.isInteger(value))) return value;
    this.problems.push({
      target: this.#target,
      problem: `${name} is ${value}`,
      cure: `expected a ${kind} from 0 to ${most}; check the target, or remove it from HANGAR_AUTOSCALER_RUNNERS`,
    });
    return undefined;
  }

  samples(family: string): readonly Sample[] {
    return this.#text.families.get(family)?.samples ?? [];
  }

  one(name: string, most: number): number | undefined {
    return this.sound(this.samples(name)[0], most);
  }

  /** States with several series are left out: which of them is that of this runner is not known. */
  byState(name: string, most: number, kind?: 'whole number'): ReadonlyMap<string, number> {
    const values = new Map<string, number>();
    const seen = new Map<string, number>();
    for (const sample of this.samples(name)) {
      const state = sample.labels.get('state') ?? '';
      seen.set(state, (seen.get(state) ?? 0) + 1);
      const value = this.sound(sample, most, kind);
      if (value !== undefined) values.set(state, value);
    }
    const several = [...seen].flatMap(([state, count]) => (count > 1 ? [state] : []));
    for (const state of several) values.delete(state);
    if (several.length > 0)
      this.problems.push({
        target: this.#target,
        problem: `${name} has several series for ${several.join(', ')}`,
        cure: 'set the address of each runner, not of a server that collects the metrics of several',
      });
    return values;
  }

  counters(): ReadonlyMap<string, number> {
    const values = new Map<string, number>();
    const families = [...COUNTERS, ...COUNTERS.map((name) => name.replace(/_total$/, '')), ...HISTOGRAMS];
    for (const sample of families.flatMap((family) => this.samples(family))) {
      const value = this.sound(sample, MOST.counter);
      if (value !== undefined) values.set(seriesOf(sample), value);
    }
    return values;
  }

  /** All three states, or undefined: a target without one of them is not a Hangar runner. */
  states(): RunnerReading['states'] {
    const stages = this.byState(RUNNER_METRICS.stages.name, MOST.stages, 'whole number');
    const cores = this.byState(RUNNER_METRICS.requestedCpu.name, MOST.cores);
    const bytes = this.byState(RUNNER_METRICS.requestedMemory.name, MOST.bytes);
    if (STAGE_STATES.some((state) => !stages.has(state))) return undefined;
    const unknown: string[] = [];
    const of = (state: CountedState): StageSum => {
      const [count = 0, cpu, memory] = [stages.get(state), cores.get(state), bytes.get(state)];
      if (cpu !== undefined && memory !== undefined)
        return { stages: count, cpuMillicores: Math.round(cpu * 1000), memoryBytes: memory };
      if (count > 0) unknown.push(state);
      // One of both alone would be Pods that need nothing of the other.
      return { stages: count, cpuMillicores: 0, memoryBytes: 0 };
    };
    const sums = { waiting: of('waiting'), starting: of('starting'), running: of('running') };
    if (unknown.length > 0) this.#requestsUnknown(unknown);
    return sums;
  }

  #requestsUnknown(states: readonly string[]): void {
    this.problems.push({
      target: this.#target,
      problem: `${RUNNER_METRICS.requestedCpu.name} or ${RUNNER_METRICS.requestedMemory.name} is missing or invalid for ${states.join(', ')}`,
      cure: 'the usual request of a Pod is assumed; check that it is a Hangar runner of the same version',
    });
  }
}

/** The name of a series with its labels in a fixed order. */
function seriesOf({ name, labels }: Sample): string {
  const sorted = [...labels].sort(([one], [other]) => (one < other ? -1 : 1));
  return `${name}{${sorted.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}}`;
}

/**
 * Reads a runner's metrics; values that are not plausible (NaN, negative, huge) are dropped and reported.
 *
 * @param target its address, used in problems
 */
export function readRunner(
  target: string,
  text: Exposition,
): { readonly reading: RunnerReading; readonly problems: readonly ScrapeProblem[] } {
  const reading = new Reading(target, text);
  const states = text.complete ? reading.states() : undefined;
  // Why parsing stopped comes last, and says more than what came before it.
  const shown = text.complete ? text.problems.slice(0, 3) : text.problems.slice(-1);
  const malformed = shown.map(({ line, problem, cure }) => ({
    target,
    problem: `line ${line} of its metrics: ${problem}`,
    cure,
  }));
  if (text.complete && states === undefined)
    reading.problems.push({
      target,
      problem: `${RUNNER_METRICS.stages.name} is missing or invalid`,
      cure: 'set the address of the HTTP server of a Hangar runner, such as http://runner:3000',
    });
  return {
    reading: {
      target,
      states,
      capacityPipelines: reading.one(RUNNER_METRICS.capacity.name, MOST.stages),
      unschedulablePods: reading.one(RUNNER_METRICS.unschedulable.name, MOST.stages),
      startedAtSeconds: reading.one(PROCESS_START.name, 1e11),
      counters: reading.counters(),
    },
    problems: [...malformed, ...reading.problems],
  };
}

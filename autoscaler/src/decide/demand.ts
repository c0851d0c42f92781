import type { Resources } from '../capacity/shape.ts';
import type { KnownStage } from '../scrape/known-stages.ts';
import type { StageSum } from '../scrape/runner-reading.ts';
import type { StageState } from '../scrape/words.ts';
import type { PodFact } from '../watch/read-pod.ts';

/** Pods of one size. */
export interface SizeClass {
  readonly request: Resources;
  readonly count: number;
}

/** What needs room now, each Pod or stage once. */
export interface Demand {
  /** Pods that are on a node. */
  readonly running: readonly SizeClass[];
  /** Pods that wait for a node. */
  readonly pending: readonly SizeClass[];
  /** Stages that a runner has accepted and that no scheduler sees yet. */
  readonly known: readonly SizeClass[];
  readonly runningPods: number;
  readonly pendingPods: number;
  readonly knownStages: number;
  /** Runners, or a quota, were full: more may wait where nobody can see it. */
  readonly lowerBound: boolean;
  /** Where the figures come from, and what nobody could tell, in words. */
  readonly notes: readonly string[];
}

/** What demand is made of. Undefined is unknown, not zero. */
export interface DemandSources {
  readonly pods: readonly PodFact[] | undefined;
  readonly known: readonly KnownStage[] | undefined;
  readonly states: Readonly<Record<StageState, StageSum>> | undefined;
  /** Stages that all runners together may have at once. */
  readonly capacityPipelines: number | undefined;
  /** What a Pod asks for when it doesn't say. */
  readonly typical: Resources;
}

/** Equal requests together, largest first. */
export function classesOf(requests: readonly Resources[]): readonly SizeClass[] {
  const groups = Map.groupBy(requests, ({ cpuMillicores, memoryBytes }) => `${cpuMillicores}/${memoryBytes}`);
  return [...groups.values()]
    .flatMap((members) => (members[0] === undefined ? [] : { request: members[0], count: members.length }))
    .sort(
      ({ request: one }, { request: other }) =>
        other.cpuMillicores - one.cpuMillicores || other.memoryBytes - one.memoryBytes,
    );
}

export const countOf = (classes: readonly SizeClass[]): number =>
  classes.reduce((sum, { count }) => sum + count, 0);

/** A state's stages as Pods of their average size: metrics tell sums only. */
function average({ stages, cpuMillicores, memoryBytes }: StageSum, typical: Resources): readonly SizeClass[] {
  if (stages === 0) return [];
  const request = {
    cpuMillicores: Math.ceil(cpuMillicores / stages),
    memoryBytes: Math.ceil(memoryBytes / stages),
  };
  const unsaid = request.cpuMillicores === 0 && request.memoryBytes === 0;
  return [{ request: unsaid ? typical : request, count: stages }];
}

/**
 * Demand as it stands, each piece of work once: a stage whose Pod is watched counts as that Pod. Pods come from the watch where
 * there is one, else from the runners' metrics.
 */
export function demandOf(sources: DemandSources): Demand {
  const { pods, known, states } = sources;
  const notes: string[] = [];
  const running =
    pods === undefined
      ? states === undefined
        ? []
        : [...average(states.running, sources.typical), ...average(states.starting, sources.typical)]
      : classesOf(requestsIn(pods, ['bound']));
  if (pods === undefined)
    notes.push(
      states === undefined
        ? 'neither Pods nor runners can be seen'
        : 'Pods are not watched: running work is taken from the metrics of the runners, and a Pod that waits for a node counts as running',
    );
  const pending = pods === undefined ? [] : classesOf(requestsIn(pods, ['pending', 'held']));
  const hidden = hiddenStages(sources, notes);
  const lowerBound = isFull(sources);
  if (lowerBound) notes.push('the runners are at their capacity: more may wait at the Drone server');
  return {
    running,
    pending,
    known: hidden,
    runningPods: countOf(running),
    pendingPods: countOf(pending),
    knownStages: countOf(hidden),
    lowerBound,
    notes: known === undefined && states === undefined && pods !== undefined ? [...notes, NO_RUNNERS] : notes,
  };
}

const NO_RUNNERS = 'no runner was asked: work without a Pod is not known';

const requestsIn = (pods: readonly PodFact[], states: readonly PodFact['state'][]): readonly Resources[] =>
  pods.filter(({ state }) => states.includes(state)).map(({ request }) => request);

function hiddenStages(
  { known, pods, states, typical }: DemandSources,
  notes: string[],
): readonly SizeClass[] {
  if (known === undefined) {
    if (states === undefined) return [];
    notes.push('no runner tells its waiting stages one by one: their average size counts');
    return average(states.waiting, typical);
  }
  const seen = new Set((pods ?? []).map(({ name }) => name));
  return classesOf(
    known.filter(({ pod }) => pod === '' || !seen.has(pod)).map(({ request }) => request ?? typical),
  );
}

function isFull({ states, capacityPipelines }: DemandSources): boolean {
  if (states === undefined || capacityPipelines === undefined) return false;
  const stages = states.waiting.stages + states.starting.stages + states.running.stages;
  return stages >= capacityPipelines && capacityPipelines > 0;
}

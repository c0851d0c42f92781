import type { StageAhead, StageSum, WaitingStage } from '@hangar/shared/contract/demand';
import type { CountedState } from '@hangar/shared/contract/runner-metrics';
import type { PodCounts } from '../capacity/pod-counts.ts';
import type { Resources } from '../capacity/shape.ts';
import { classesOf, countOf, merged, type SizeClass } from '../capacity/size-class.ts';

/** The work that needs room now; each Pod or stage is counted once. */
export interface Demand {
  /** Pods that are on a node. */
  readonly running: readonly SizeClass[];
  /** Pods that wait for a node. */
  readonly pending: readonly SizeClass[];
  /** Stages that a runner has accepted, or soon will, and that the scheduler does not see yet. */
  readonly known: readonly SizeClass[];
  readonly runningPods: number;
  readonly pendingPods: number;
  readonly knownStages: number;
  /** The part of `known` that no runner has accepted yet: these stages wait at the Drone server. */
  readonly queuedStages: number;
  /** Stages of running builds that will start before a node that is ordered now would work. */
  readonly stagesSoon: number;
  /** Runners or a quota were full: more work may wait that is not visible. */
  readonly lowerBound: boolean;
  /** Pods that the quotas of the builds' namespaces still admit; infinite: no bound. */
  readonly quotaRoomPods: number;
  /** Sources of the figures, and what no source could provide, as text. */
  readonly notes: readonly string[];
}

/** The demand as numbers: what the buffer depends on. */
export type WorkCounts = Pick<
  Demand,
  'runningPods' | 'pendingPods' | 'knownStages' | 'stagesSoon' | 'quotaRoomPods'
>;

/** The sources that demand is computed from. Undefined means unknown, not zero. */
export interface DemandSources {
  readonly pods: PodCounts | undefined;
  readonly known: readonly WaitingStage[] | undefined;
  readonly ahead: readonly StageAhead[];
  /** Stages that are pending at the Drone server. */
  readonly pendingJobs: number | undefined;
  /** When a node that is ordered now would work, milliseconds since 1970. */
  readonly nodeReadyMs: number;
  readonly states: Readonly<Record<CountedState, StageSum>> | undefined;
  /** The sum of the stages that all runners may run at once. */
  readonly capacityPipelines: number | undefined;
  /** As of {@link Demand}. */
  readonly quotaRoomPods: number;
  /** The request assumed for a Pod without one. */
  readonly typical: Resources;
}

/** The stages of a state as Pods of their average size: metrics contain only sums. */
function average({ stages, cpuMillicores, memoryBytes }: StageSum, typical: Resources): readonly SizeClass[] {
  if (stages === 0) return [];
  const request = {
    cpuMillicores: Math.ceil(cpuMillicores / stages),
    memoryBytes: Math.ceil(memoryBytes / stages),
  };
  const hasNoRequest = request.cpuMillicores === 0 && request.memoryBytes === 0;
  return [{ request: hasNoRequest ? typical : request, count: stages }];
}

type Visible = Pick<Demand, 'running' | 'pending'>;

/** The Pods that can be seen: from the watch where there is one, else from the runners' metrics. */
function visibleWork({ pods, states, typical }: DemandSources, notes: string[]): Visible {
  if (pods !== undefined)
    return {
      running: merged(pods.running.map(({ request, count }) => ({ request, count }))),
      pending: classesOf(pods.waiting.map(({ request }) => request)),
    };
  notes.push(states === undefined ? NOTHING : METRICS_ONLY);
  if (states === undefined) return { running: [], pending: [] };
  return {
    running: [...average(states.running, typical), ...average(states.starting, typical)],
    pending: [],
  };
}

/** Whether runners or quotas are full, so that more may wait unseen. */
function isExhausted(sources: DemandSources, notes: string[]): boolean {
  const { quotaRoomPods, known = [] } = sources;
  const isShut = quotaRoomPods === 0 || known.some(waitsForQuota);
  if (isFull(sources)) notes.push('the runners are at their capacity: more may wait at the Drone server');
  if (isShut)
    notes.push(
      "a ResourceQuota of the builds' namespaces is exhausted: stages that wait for it need no node yet",
    );
  return isFull(sources) || isShut;
}

/**
 * The current demand; each piece of work is counted once: a stage whose Pod is watched counts as that Pod. Pods come from the watch
 * where there is one, else from the runners' metrics.
 */
export function totalDemand(sources: DemandSources): Demand {
  const { pods, known, states, ahead, nodeReadyMs, quotaRoomPods } = sources;
  const notes: string[] = [];
  const { running, pending } = visibleWork(sources, notes);
  const hidden = hiddenStages(sources, notes);
  const queued = queuedStages(sources, quotaRoomPods - countOf(hidden), notes);
  const lowerBound = isExhausted(sources, notes);
  if (known === undefined && states === undefined && pods !== undefined) notes.push(NO_RUNNERS);
  return {
    running,
    pending,
    known: queued === 0 ? hidden : [...hidden, { request: sources.typical, count: queued }],
    runningPods: countOf(running),
    pendingPods: countOf(pending),
    knownStages: countOf(hidden) + queued,
    queuedStages: queued,
    stagesSoon: ahead.filter(({ expectedMs = Infinity }) => expectedMs <= nodeReadyMs).length,
    lowerBound,
    quotaRoomPods,
    notes,
  };
}

const NOTHING = 'neither Pods nor runners are available';
const METRICS_ONLY =
  'Pods are not watched: running work is taken from the metrics of the runners, and a Pod that waits for a node counts as running';
const NO_RUNNERS = 'no runner was queried: stages without a Pod are not counted';

/** The API server's message for an exhausted quota, as the runner passes it on. */
const waitsForQuota = ({ reason }: WaitingStage): boolean => reason.includes('exceeded quota');

/**
 * Stages that the scheduler does not see yet and that may run: their Pod is not among these, and quotas admit it. A stage that a
 * quota does not admit can't run before another one ends, and then takes its place: it needs no node.
 */
export function stagesToRun(
  known: readonly WaitingStage[],
  pods: PodCounts | undefined,
  quotaRoom: number,
): readonly WaitingStage[] {
  return known
    .filter((stage) => pods?.seen.has(stage.pod) !== true && !waitsForQuota(stage))
    .slice(0, quotaRoom);
}

function hiddenStages(
  { known, pods, states, typical, quotaRoomPods }: DemandSources,
  notes: string[],
): readonly SizeClass[] {
  if (known !== undefined)
    return classesOf(stagesToRun(known, pods, quotaRoomPods).map(({ request }) => request ?? typical));
  if (states === undefined) return [];
  notes.push('no runner lists its waiting stages: their average request is used');
  return average(states.waiting, typical).map(({ request, count }) => ({
    request,
    count: Math.min(count, quotaRoomPods),
  }));
}

/** How many more stages the runners may accept; infinite: no runner reports a limit. */
function roomAtRunners({ states, capacityPipelines }: DemandSources): number {
  if (states === undefined || capacityPipelines === undefined) return Infinity;
  const stages = states.waiting.stages + states.starting.stages + states.running.stages;
  return Math.max(0, capacityPipelines - stages);
}

const isFull = (sources: DemandSources): boolean =>
  roomAtRunners(sources) === 0 && (sources.capacityPipelines ?? 0) > 0;

/** Pods held by a gate whose stages no runner reports any more. */
function heldUnreported({ known = [], pods }: DemandSources): number {
  const reported = new Set(known.map(({ pod }) => pod));
  return (pods?.waiting ?? []).filter(({ state, name }) => state === 'held' && !reported.has(name)).length;
}

/**
 * Stages that wait at the Drone server and that no runner has accepted. For Drone an accepted stage is pending until it starts, so
 * all stages of the runners that may not have started are subtracted: the estimate is rather too low than counted twice. Stages for
 * which runners or quotas have no place must wait for others to end, and need no node.
 *
 * @param quotaRoom Pods that quotas still admit beyond what is known
 */
function queuedStages(sources: DemandSources, quotaRoom: number, notes: string[]): number {
  const { pendingJobs, known, states } = sources;
  if (pendingJobs === undefined) return 0;
  const held = heldUnreported(sources);
  const accepted = known?.length ?? states?.waiting.stages ?? 0;
  const queued = Math.max(0, pendingJobs - accepted - held);
  const counted = Math.max(0, Math.min(queued, roomAtRunners(sources), quotaRoom));
  const rest = queued > counted ? `; runners or quotas have no capacity for ${queued - counted} of them` : '';
  if (queued > 0) notes.push(`${queued} stages wait at the Drone server for a runner${rest}`);
  return counted;
}

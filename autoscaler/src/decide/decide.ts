import { adviceOf } from '../advise/advice.ts';
import { proposalsOf } from '../advise/proposals.ts';
import { type NodeSpec, podsOnEmptyNode } from '../capacity/node-spec.ts';
import { typicalOf } from '../capacity/packing.ts';
import { podNamespaces } from '../capacity/pod-counts.ts';
import type { NodeShape, Resources } from '../capacity/shape.ts';
import { countOf } from '../capacity/size-class.ts';
import { PUBLISHED_SHAPES } from '../model/shapes.ts';
import { CapacityPolicy, type PolicySettings } from './capacity-policy.ts';
import { be } from './counted.ts';
import { type Demand, stagesToRun, totalDemand } from './demand.ts';
import { usualRequest } from './moment.ts';
import { placeableDemand } from './placeable.ts';
import { podHoursOf1000Prs, unusedPrices } from './price.ts';
import { quotaRoomPods } from './quota-room.ts';
import type { Recommendation, RecommendedBuffer } from './recommendation.ts';
import { requestClassesOf } from './request-classes.ts';
import { sizeMix } from './size-mix.ts';
import { type PodToPlace, sizePools } from './size-pools.ts';
import { type Arrivals, type ShapeQuestion, sizeShapes } from './size-shapes.ts';
import type { CapacitySnapshot } from './snapshot.ts';
import { type SpendLimit, spendOf } from './spend.ts';

/** Everything that a decision depends on besides the snapshot. */
export interface DecideOptions extends PolicySettings {
  /** In addition to the published shapes. */
  readonly shapes: readonly NodeShape[];
  readonly daemonSets: Resources;
  readonly money: SpendLimit;
  readonly poolOrder: readonly string[];
  readonly seed: number;
}

/** With fewer Pods than this, their mean size is unreliable and the calibrated size is used. */
const ENOUGH_PODS = 20;

/** The demand of a snapshot. */
export function demandIn(snapshot: CapacitySnapshot): Demand {
  const { nowMs, pods, runners, calibration } = snapshot;
  return totalDemand({
    pods,
    known: runners?.known,
    ahead: runners?.ahead ?? [],
    pendingJobs: snapshot.drone?.pendingJobs,
    nodeReadyMs: nowMs + calibration.bootSeconds.value * 1000,
    quotaRoomPods: roomByQuota(snapshot),
    states: runners?.states,
    capacityPipelines: runners?.capacityPipelines,
    typical: usualRequest(calibration),
  });
}

const roomByQuota = ({ pods, surroundings, calibration }: CapacitySnapshot): number =>
  quotaRoomPods(surroundings.quotas ?? [], pods ? podNamespaces(pods) : new Set(), usualRequest(calibration));

function podsToPlaceOf(snapshot: CapacitySnapshot, { queuedStages }: Demand): readonly PodToPlace[] {
  const { pods, runners, calibration } = snapshot;
  const waiting = pods?.waiting ?? [];
  const known = stagesToRun(runners?.known ?? [], pods, roomByQuota(snapshot));
  return [
    ...waiting.map(({ request, constraints }) => ({ request, constraints })),
    ...known.map(({ request }) => ({ request: request ?? usualRequest(calibration), constraints: {} })),
    ...Array.from({ length: queuedStages }, () => ({ request: usualRequest(calibration), constraints: {} })),
  ];
}

/** The mean size of the Pods that fit on one of these nodes: a Pod that fits nowhere must not change what a node is sized for. */
function typicalOn(
  nodes: readonly NodeSpec[],
  { running, pending, known }: Demand,
  calibration: CapacitySnapshot['calibration'],
): Resources {
  const classes = [...running, ...pending, ...known].filter(({ request }) =>
    nodes.some((node) => podsOnEmptyNode(node, request) > 0),
  );
  const learned = usualRequest(calibration);
  return countOf(classes) >= ENOUGH_PODS || calibration.podCpuMillicores.days === 0
    ? typicalOf(classes, learned)
    : learned;
}

/** The nodes that Pods may fit on: those of the live pools, or of the shapes while there is no pool. */
const nodesIn = ({ pools }: CapacitySnapshot, { shapes, daemonSets }: DecideOptions): readonly NodeSpec[] =>
  pools.length > 0
    ? pools.map(({ spec }) => spec)
    : [...PUBLISHED_SHAPES, ...shapes].map(({ allocatable }) => ({
        allocatable,
        daemonSets: { ...daemonSets, pods: 0 },
      }));

function reasons(
  demand: Demand,
  buffer: RecommendedBuffer,
  leadSeconds: number,
  homeless: number,
): readonly string[] {
  const { runningPods, pendingPods, knownStages, lowerBound } = demand;
  const because = [
    `${be(runningPods, 'Pod')} running, ${pendingPods} ${pendingPods === 1 ? 'is' : 'are'} unschedulable, ${knownStages} known ${knownStages === 1 ? 'stage has' : 'stages have'} no Pod yet`,
    `a node takes ${Math.round(leadSeconds)} s from the decision to its first build; for arrivals until then: ${buffer.because}`,
    ...demand.notes,
  ];
  if (lowerBound) because.push('so the demand is a lower bound');
  if (homeless > 0)
    because.push(`${homeless} unschedulable Pods match no pool: they are too large or select other nodes`);
  return because;
}

function priceNotes({ shapes, money }: ShapeQuestion, pools: CapacitySnapshot['pools']): readonly string[] {
  const names = [...shapes, ...pools].map(({ name }) => name);
  return unusedPrices(money.prices, names).map(
    (name) => `${name} has a price, but no shape or pool has that name: check HANGAR_AUTOSCALER_PRICES`,
  );
}

/** The arrivals that are expected until a node that is ordered now works. */
function arrivalsOf(
  { perSecond, calibration }: CapacitySnapshot,
  { objectiveMs, seed }: DecideOptions,
  leadSeconds: number,
  typical: Resources,
): Arrivals {
  return {
    typical,
    leadSeconds,
    perSecond,
    pushSize: calibration.burstiness.value,
    podSeconds: calibration.podSeconds.value,
    objectiveSeconds: objectiveMs / 1000,
    seed,
  };
}

/** The input for sizing the shapes and their mix. */
function shapeQuestionOf(
  { calibration }: CapacitySnapshot,
  options: DecideOptions,
  so: Pick<ShapeQuestion, 'demand' | 'outlook' | 'rails'>,
): ShapeQuestion {
  const { prices, currency } = options.money;
  return {
    ...so,
    shapes: [...PUBLISHED_SHAPES, ...options.shapes],
    overhead: { ...options.daemonSets, pods: 0 },
    money: { prices, currency, podHoursOf1000Prs: podHoursOf1000Prs(calibration) },
  };
}

/**
 * The nodes that are needed now and for the lead time. Pure: the same snapshot and options give the same answer.
 *
 * @see scheduling-and-scaling §4.2, §5
 */
export function decide(snapshot: CapacitySnapshot, options: DecideOptions): Recommendation {
  const { nowMs, calibration, grewAtMs, pools, surroundings, forecast } = snapshot;
  const { money } = options;
  const policy = new CapacityPolicy(options);
  const demand = demandIn(snapshot);
  const bootSeconds = calibration.bootSeconds.value;
  const typical = typicalOn(nodesIn(snapshot, options), demand, calibration);
  const arrivals = arrivalsOf(snapshot, options, policy.leadSeconds(bootSeconds), typical);
  const spend = spendOf(pools, snapshot.nodeHours, money);
  const sized = sizePools(
    {
      ...{ nowMs, pools, bootSeconds, forecast, arrivals, grewAtMs, money, spend, surroundings },
      work: placeableDemand(snapshot, demand),
      typicalOn: (node) => typicalOn([node], demand, calibration),
      podsToPlace: podsToPlaceOf(snapshot, demand),
      order: options.poolOrder,
    },
    policy,
  );
  const { buffer, leadSeconds } = sized;
  const question = shapeQuestionOf(snapshot, options, {
    demand,
    outlook: { ...arrivals, bufferPods: buffer.pods },
    rails: policy.railsAt(nowMs, leadSeconds),
  });
  const shapes = sizeShapes(question);
  const { runningPods, pendingPods, knownStages, lowerBound } = demand;
  return {
    atMs: nowMs,
    leadSeconds,
    objectiveWaitP95Seconds: arrivals.objectiveSeconds,
    demand: { runningPods, pendingPods, knownStages, bufferPods: buffer.pods, lowerBound },
    typicalPod: typical,
    buffer,
    shapes,
    pools: sized.pools,
    requestClasses: requestClassesOf(demand, question.shapes, question.overhead, pools),
    mix: sizeMix(question, shapes),
    currency: money.currency,
    spend,
    advice: adviceOf(proposalsOf(pools, surroundings), snapshot.compared),
    because: [...reasons(demand, buffer, leadSeconds, sized.homeless), ...priceNotes(question, pools)],
  };
}

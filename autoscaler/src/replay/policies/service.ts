import { mayGo, type NodeBilling } from '../../capacity/node-billing.ts';
import { podsOnEmptyNode } from '../../capacity/node-spec.ts';
import { newNodesFor } from '../../capacity/packing.ts';
import { delaysBeside, type RemovalDelays } from '../../capacity/removal-delays.ts';
import type { Resources } from '../../capacity/shape.ts';
import type { CapacityPolicy, PoolShare } from '../../decide/capacity-policy.ts';
import type { PoolNeed } from '../../decide/pool-need.ts';
import { typicalPods } from '../../decide/typical-pods.ts';
import type { BufferRule } from '../../forecast/buffer-rule.ts';
import type { FreeRoom } from '../../forecast/live-forecast.ts';
import type { SimNode } from '../../simulate/sim-node.ts';
import type { Decision, PolicyView, ScalingPolicy } from '../policy.ts';

/** How the orders of the service are executed. */
export interface ServiceOptions extends RemovalDelays {
  readonly policy: CapacityPolicy;
  /** Undefined: a node may go at any age. */
  readonly billing?: NodeBilling;
}

/** The free room that a rule wants now. */
function roomBy(rule: BufferRule<PolicyView>, view: PolicyView): FreeRoom {
  const pods = rule.bufferPods(view);
  return {
    pods,
    keepPods: rule.keepPods?.(view) ?? pods,
    isForecast: rule.isForecast?.() ?? true,
    announcedShare: rule.announcedShare?.(),
  };
}

function poolShareOf(view: PolicyView, grewAtMs: number | undefined): PoolShare {
  const { nodes, nodeSpec, typicalRequest: typical, waiting, waitingTotal } = view;
  let bootingNodes = 0;
  let emptyNodes = 0;
  let readyRoomPods = 0;
  for (const node of nodes) {
    if (node.state === 'booting') bootingNodes += 1;
    else {
      if (node.pods === 0) emptyNodes += 1;
      readyRoomPods += view.roomOn(node);
    }
  }
  return {
    ...{ nodes: nodes.length, bootingNodes, emptyNodes, readyRoomPods, grewAtMs },
    podsPerNode: podsOnEmptyNode(nodeSpec, typical),
    newNodesForWaiting: waitingTotal > 0 ? newNodesFor(waiting, bootingNodes, nodeSpec) : 0,
    allocatable: nodeSpec.allocatable,
    waitingPods: waitingPodsOf(view, typical),
    share: 1,
  };
}

const waitingPodsOf = ({ waiting }: PolicyView, typical: Resources): number =>
  waiting.reduce((sum, { request, count }) => sum + count * typicalPods(request, typical), 0);

/** Empty nodes that go now, longest empty first. */
function goingOf(
  { nodes, nowSeconds }: PolicyView,
  surplus: number,
  { emptyForMs, billing }: ServiceOptions,
): readonly Readonly<SimNode>[] {
  if (surplus <= 0) return [];
  const isOld = ({ orderedAt }: Readonly<SimNode>): boolean =>
    billing === undefined || mayGo((nowSeconds - orderedAt) * 1000, billing);
  return nodes
    .filter(({ state, pods }) => state === 'ready' && pods === 0)
    .filter((node) => node.emptySince <= nowSeconds - emptyForMs / 1000 && isOld(node))
    .sort((one, other) => one.emptySince - other.emptySince)
    .slice(0, surplus);
}

/** What the service decides at a tick of a replay. */
export interface ReplayedDecision {
  readonly need: PoolNeed;
  readonly announcedShare: number;
}

const NO_NEED = { needNodes: 0, shrinkToNodes: 0, shortNodes: 0, spareNodes: 0, changeByRoom: 0 };

/** The decisions of the service on a simulated cluster, by its forecast or by another rule in its place. */
export class ReplayedDecisions {
  readonly policy: CapacityPolicy;
  readonly #newRule: (view: PolicyView) => BufferRule<PolicyView> | undefined;
  #rule: BufferRule<PolicyView> | undefined;
  #grewAtMs: number | undefined;

  /** @param newRule undefined: the forecast of the settings, or the rule without history where they disable it */
  constructor(policy: CapacityPolicy, newRule?: () => BufferRule<PolicyView>) {
    this.policy = policy;
    this.#newRule = newRule ?? (({ bootSeconds }) => policy.newRule(bootSeconds));
  }

  decide(view: PolicyView): ReplayedDecision {
    const nowMs = view.nowSeconds * 1000;
    this.#rule ??= this.#newRule(view);
    const forecast = this.#rule && roomBy(this.#rule, view);
    const { pools } = this.policy.decide({
      nowMs,
      bootSeconds: view.bootSeconds,
      work: {
        runningPods: view.running.length,
        pendingPods: view.waitingTotal,
        knownStages: 0,
        stagesSoon: view.knownAhead,
        quotaRoomPods: Infinity,
      },
      forecast,
      pools: [poolShareOf(view, this.#grewAtMs)],
    });
    const [need = { ...NO_NEED, desiredNodes: view.nodes.length, objective: undefined, held: [] }] = pools;
    if (need.desiredNodes > view.nodes.length) this.#grewAtMs = nowMs;
    return { need, announcedShare: forecast?.announcedShare ?? 0 };
  }

  missPods(fromSeconds?: number): number | undefined {
    return this.#rule?.forecastError?.(fromSeconds);
  }
}

/** The service on a simulated pool of its own: its decisions, and what executes them. */
class ReplayedService {
  readonly #options: ServiceOptions;
  readonly #decisions: ReplayedDecisions;
  #changedAtMs = -Infinity;

  constructor(options: ServiceOptions, decisions: ReplayedDecisions) {
    this.#options = options;
    this.#decisions = decisions;
  }

  tick(view: PolicyView): Decision {
    const { need, announcedShare } = this.#decisions.decide(view);
    const options = delaysBeside(this.#options, announcedShare);
    return { ...this.#execute(view, need.desiredNodes, options), need };
  }

  #execute(view: PolicyView, wanted: number, options: ServiceOptions): Decision {
    const { lowerPaceMs } = options;
    const nowMs = view.nowSeconds * 1000;
    const order = Math.max(0, wanted - view.nodes.length);
    const isPaced = nowMs < this.#changedAtMs + lowerPaceMs;
    const surplus = isPaced ? 0 : view.nodes.length - wanted;
    const remove = goingOf(view, surplus, options);
    if (order > 0 || remove.length > 0) this.#changedAtMs = nowMs;
    return { taint: [], untaint: [], remove, order, wanted };
  }
}

function scalingPolicyOf(name: string, options: ServiceOptions, decisions: ReplayedDecisions): ScalingPolicy {
  const service = new ReplayedService(options, decisions);
  return {
    name,
    tickSeconds: options.policy.settings.tickMs / 1000,
    readyAtStart: 0,
    tick: (view) => service.tick(view),
    forecastError: (fromSeconds) => decisions.missPods(fromSeconds),
  };
}

/** What `serve` does with these settings. */
export const servicePolicy = (options: ServiceOptions): ScalingPolicy =>
  scalingPolicyOf('forecast', options, new ReplayedDecisions(options.policy));

/** The same with another rule in the place of the forecast. No build is evicted. */
export const ruledPolicy = (rule: BufferRule<PolicyView>, options: ServiceOptions): ScalingPolicy =>
  scalingPolicyOf(rule.name, options, new ReplayedDecisions(options.policy, () => rule));

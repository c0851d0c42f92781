import type { RunningBuild } from '../capacity/job.ts';
import type { NodeSpec } from '../capacity/node-spec.ts';
import type { Resources } from '../capacity/shape.ts';
import type { SizeClass } from '../capacity/size-class.ts';
import type { PoolNeed } from '../decide/pool-need.ts';
import type { DemandView } from '../forecast/buffer-rule.ts';
import type { SimNode } from '../simulate/sim-node.ts';

/**
 * All that a policy may see at a tick: the present and what happened since its previous tick, never the future and never the
 * generator. A live service can build the same from its watches; a policy stores what it has to remember.
 */
export interface PolicyView extends DemandView {
  /** Booting and ready nodes. */
  readonly nodes: readonly Readonly<SimNode>[];
  /** What runs, in no particular order. */
  readonly running: readonly (RunningBuild & { readonly node: Readonly<SimNode> })[];
  readonly nodeSpec: NodeSpec;
  /** Waiting jobs by request class. */
  readonly waiting: readonly SizeClass[];
  /** Mean request of all jobs that arrived so far. */
  readonly typicalRequest: Resources;
  /** How many Pods of the typical request still fit on a node. */
  roomOn(node: Readonly<SimNode>): number;
}

/** What a pool needs now, whoever runs it: order when there are fewer nodes, close empty ones down to the bound. */
export type NodesNeeded = Pick<PoolNeed, 'needNodes' | 'shrinkToNodes'>;

/** The actions that a policy wants now, in this order: remove taints, set taints, remove nodes, order nodes. */
export interface Decision {
  readonly untaint: readonly Readonly<SimNode>[];
  readonly taint: readonly Readonly<SimNode>[];
  /** Only empty nodes are removed; the simulation ignores others. */
  readonly remove: readonly Readonly<SimNode>[];
  readonly order: number;
  /** The pool size that the policy aims at now. */
  readonly wanted: number;
  /** What any pool needs now, whoever executes it; undefined: the policy knows only its own pool. */
  readonly need?: NodesNeeded;
}

/** Sizes the pool. Stateful; the same views in the same order give the same decisions. */
export interface ScalingPolicy {
  readonly name: string;
  readonly tickSeconds: number;
  /** Nodes that are ready before the first arrival. */
  readonly readyAtStart: number;
  tick(view: PolicyView): Decision;
  /** Mean error of the forecast in Pods over the lead time, for the days from then on, when there is a forecast. */
  forecastError?(fromSeconds?: number): number | undefined;
}

/** A decision that changes nothing. */
export const NO_CHANGE: Omit<Decision, 'wanted'> = { untaint: [], taint: [], remove: [], order: 0 };

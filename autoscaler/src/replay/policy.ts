import type { Resources } from '../capacity/shape.ts';
import type { WaitingClass } from '../simulate/job-queue.ts';
import type { DemandView } from '../forecast/buffer-rule.ts';
import type { NodeSpec } from '../capacity/node-spec.ts';
import type { SimNode } from '../simulate/sim-node.ts';

/**
 * All that a policy may see at a tick: the present and what happened since its tick before, never the future and never the
 * generator. A live service can build the same from its watches; what shall be remembered, the policy keeps.
 */
export interface PolicyView extends DemandView {
  /** Booting and ready nodes. */
  readonly nodes: readonly Readonly<SimNode>[];
  readonly nodeSpec: NodeSpec;
  /** What waits for room, by request class. */
  readonly waiting: readonly WaitingClass[];
  /** Mean request of all jobs that arrived so far. */
  readonly typicalRequest: Resources;
  /** How many Pods of the typical request still fit on a node. */
  roomOn(node: Readonly<SimNode>): number;
}

/** What a policy wants done now, in this order: lift taints, set taints, remove, order. */
export interface Decision {
  readonly untaint: readonly Readonly<SimNode>[];
  readonly taint: readonly Readonly<SimNode>[];
  /** Only empty nodes go; the world refuses others. */
  readonly remove: readonly Readonly<SimNode>[];
  readonly order: number;
  /** The pool size that the policy aims at now. */
  readonly wanted: number;
}

/** Somebody who sizes the pool. Keeps what it learned inside; the same views in the same order give the same decisions. */
export interface Policy {
  readonly name: string;
  readonly tickSeconds: number;
  /** Nodes that stand ready before the first arrival. */
  readonly readyAtStart: number;
  tick(view: PolicyView): Decision;
  /** Mean miss of the forecast in Pods over the lead time, of the days from then on, when there is a forecast. */
  forecastError?(fromSeconds?: number): number | undefined;
}

/** A decision that changes nothing. */
export const NOTHING: Omit<Decision, 'wanted'> = { untaint: [], taint: [], remove: [], order: 0 };

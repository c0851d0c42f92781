import type { Advice } from '../advise/advice.ts';
import type { Resources } from '../capacity/shape.ts';

/** The buffer for unknown work, and how it was computed. */
export interface RecommendedBuffer {
  readonly pods: number;
  readonly by: 'rule' | 'forecast';
  readonly because: string;
}

/** What nodes cost, in the operator's currency (HANGAR_AUTOSCALER_CURRENCY). */
export interface Cost {
  readonly perHour: number;
  /** 24 hours at this size: an upper bound where the size varies over the day, not a bill. */
  readonly perDay: number;
  /** 730 hours at this size. */
  readonly perMonth: number;
  /** For the work of 1000 PRs at the current utilization of the nodes; undefined: nothing runs or waits. */
  readonly per1000Prs: number | undefined;
}

/** Pods of about one size that need room now, and the nodes that can hold one. */
export interface RequestClass {
  /** The largest of its members in CPU and in memory. */
  readonly request: Resources;
  readonly runningPods: number;
  readonly pendingPods: number;
  readonly knownStages: number;
  /** Share of all Pods that need room; 0 to 1. */
  readonly share: number;
  /** Names of the shapes that can hold such a Pod. */
  readonly fitsShapes: readonly string[];
  /** Names of the shapes that can't hold such a Pod. */
  readonly tooLargeForShapes: readonly string[];
  /** Names of the live pools that can hold such a Pod by its size. */
  readonly fitsPools: readonly string[];
}

/** The cheapest nodes of several shapes together that hold the demand and meet the objective. */
export interface NodeMix {
  /** Shapes with at least one node, in the order of the shapes. */
  readonly parts: readonly { readonly shape: string; readonly nodes: number; readonly perHour: number }[];
  readonly cost: Cost;
  /** As in {@link ShapeSize}. */
  readonly waitP95Seconds: number | undefined;
  readonly tooLargeShare: number;
  readonly because: readonly string[];
}

/** The cost of the live pools. */
export interface Spend {
  /** The hourly price of their current nodes. */
  readonly perHourNow: number;
  /** The price of the node-hours observed since midnight (UTC). */
  readonly today: number;
  /** Start of the count for today; later than midnight when this service started later. Milliseconds since 1970. */
  readonly countedFromMs: number;
  /** Undefined: no bound. */
  readonly maxPerDay: number | undefined;
  /** Pools without a price: their nodes are not counted. */
  readonly unpricedPools: readonly string[];
}

/** The nodes of one shape that the demand needs if all nodes have this shape. */
export interface ShapeSize {
  readonly shape: string;
  readonly allocatable: Resources & { readonly pods: number };
  readonly source: string;
  /** For what runs, waits and is known to come. */
  readonly nodesNow: number;
  /** With the buffer for the lead time, within the guardrails. */
  readonly nodesAhead: number;
  /** The 95th percentile of the simulated wait over the lead time with `nodesAhead`, in seconds; undefined: not simulated. */
  readonly waitP95Seconds: number | undefined;
  /** Share of the Pods that are larger than such a node; 0 to 1. */
  readonly tooLargeShare: number;
  /** The cost of `nodesAhead`; undefined: the shape has no price. */
  readonly cost: Cost | undefined;
  readonly because: readonly string[];
}

/** A live pool: its current and its wanted size. */
export interface PoolSize {
  readonly pool: string;
  readonly owner: string;
  /** All its nodes, including those that boot. */
  readonly actualNodes: number;
  readonly readyNodes: number;
  readonly emptyNodes: number;
  /** The next size: the need, held by nodes with builds and by the guardrails. */
  readonly desiredNodes: number;
  /** The nodes that should exist now, within the bounds of the operator; when there are fewer, the difference is to be ordered. */
  readonly needNodes: number;
  /** Empty nodes may be closed down to this number; ≥ `needNodes`. */
  readonly shrinkToNodes: number;
  /** Nodes that the demand needs beyond what the guardrails allow. */
  readonly shortNodes: number;
  /** The part of the wanted nodes that is for future work: beyond what runs and waits. */
  readonly spareNodes: number;
  /** The price of one of its nodes per hour; undefined: the pool has no price. */
  readonly nodePerHour: number | undefined;
  /** The 95th percentile of the simulated wait over the lead time with `desiredNodes`, all ready, in seconds; undefined: not simulated. */
  readonly waitP95Seconds: number | undefined;
  readonly tooLargeShare: number;
  readonly because: readonly string[];
}

/** The nodes that are needed now and for the lead time, with reasons. */
export interface Recommendation {
  readonly atMs: number;
  readonly leadSeconds: number;
  readonly objectiveWaitP95Seconds: number;
  readonly demand: {
    readonly runningPods: number;
    readonly pendingPods: number;
    readonly knownStages: number;
    readonly bufferPods: number;
    readonly lowerBound: boolean;
  };
  readonly typicalPod: Resources;
  readonly buffer: RecommendedBuffer;
  /** Both published shapes, then those of the operator. */
  readonly shapes: readonly ShapeSize[];
  readonly pools: readonly PoolSize[];
  /** Sizes of Pods that need room now, largest first; a short list. */
  readonly requestClasses: readonly RequestClass[];
  /** Undefined: no shape has a price, so there is no cheapest mix. */
  readonly mix: NodeMix | undefined;
  /** The currency appended to amounts. */
  readonly currency: string;
  /** Undefined: no live pool has a price. */
  readonly spend: Spend | undefined;
  readonly advice: readonly Advice[];
  /** All reasons, as text. */
  readonly because: readonly string[];
}

import type { Resources } from '../capacity/shape.ts';
import type { Advice } from '../advise/advice.ts';

/** How the buffer for what nobody knows yet was found. */
export interface Buffer {
  readonly pods: number;
  readonly by: 'rule' | 'forecast';
  readonly because: string;
}

/** What nodes cost, in the operator's currency (HANGAR_AUTOSCALER_CURRENCY). */
export interface Cost {
  readonly perHour: number;
  /** 24 hours at this size: a bound where the size follows the day, not a bill. */
  readonly perDay: number;
  /** 730 hours at this size. */
  readonly perMonth: number;
  /** For the work of 1000 PRs if nodes are used as they are now; undefined: nothing runs or waits. */
  readonly per1000Prs: number | undefined;
}

/** Pods of about one size that need room now, and which nodes can hold one. */
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
  /** Names of the shapes that can't. */
  readonly tooLargeForShapes: readonly string[];
  /** Names of the live pools that can hold such a Pod by its size. */
  readonly fitsPools: readonly string[];
}

/** The cheapest nodes of several shapes together that hold the demand under the objective. */
export interface Mix {
  /** Shapes with at least one node, in the order of the shapes. */
  readonly parts: readonly { readonly shape: string; readonly nodes: number; readonly perHour: number }[];
  readonly cost: Cost;
  /** As of a {@link ShapeSize}. */
  readonly waitP95Seconds: number | undefined;
  readonly tooLargeShare: number;
  readonly because: readonly string[];
}

/** What live pools cost. */
export interface Spend {
  /** What their nodes cost in an hour, as many as there are now. */
  readonly perHourNow: number;
  /** What node-hours seen since midnight (UTC) cost. */
  readonly today: number;
  /** From when on today is counted; later than midnight when this service began later. Milliseconds since 1970. */
  readonly countedFromMs: number;
  /** Undefined: no bound. */
  readonly maxPerDay: number | undefined;
  /** Pools without a price: their nodes count for nothing. */
  readonly unpricedPools: readonly string[];
}

/** Nodes of one shape that the demand needs, if the pool were made of it alone. */
export interface ShapeSize {
  readonly shape: string;
  readonly allocatable: Resources & { readonly pods: number };
  readonly source: string;
  /** For what runs, waits and is known. */
  readonly nodesNow: number;
  /** With the buffer for the lead time, inside the guardrails' bounds. */
  readonly nodesAhead: number;
  /** The 95th percentile of the simulated wait over the lead time with `nodesAhead`, in seconds; undefined: not simulated. */
  readonly waitP95Seconds: number | undefined;
  /** Share of the Pods that are larger than such a node; 0 to 1. */
  readonly tooLargeShare: number;
  /** Of `nodesAhead`; undefined: the shape has no price. */
  readonly cost: Cost | undefined;
  readonly because: readonly string[];
}

/** A live pool: what is there, and what should be. */
export interface PoolSize {
  readonly pool: string;
  readonly owner: string;
  /** All its nodes, booting ones included. */
  readonly actualNodes: number;
  readonly readyNodes: number;
  readonly emptyNodes: number;
  readonly wantedNodes: number;
  /** Nodes that the demand asks for beyond what the guardrails allow. */
  readonly shortNodes: number;
  /** Nodes of these that are for what may come: beyond what runs and waits. */
  readonly spareNodes: number;
  /** What one of its nodes costs in an hour; undefined: the pool has no price. */
  readonly nodePerHour: number | undefined;
  /** The 95th percentile of the simulated wait over the lead time with `wantedNodes`, all of them ready, in seconds; undefined: not simulated. */
  readonly waitP95Seconds: number | undefined;
  readonly tooLargeShare: number;
  readonly because: readonly string[];
}

/** What is needed now and for the lead time, and why. */
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
  readonly buffer: Buffer;
  /** Both published shapes always, then those of the operator. */
  readonly shapes: readonly ShapeSize[];
  readonly pools: readonly PoolSize[];
  /** Sizes of Pods that need room now, largest first; a few. */
  readonly requestClasses: readonly RequestClass[];
  /** Undefined: no shape has a price, so that nothing is cheapest. */
  readonly mix: Mix | undefined;
  /** A word that stands behind amounts. */
  readonly currency: string;
  /** Undefined: there is no live pool with a price. */
  readonly spend: Spend | undefined;
  readonly advice: readonly Advice[];
  /** The whole story, in words. */
  readonly because: readonly string[];
}

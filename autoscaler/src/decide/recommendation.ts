import type { Resources } from '../capacity/shape.ts';

/** How the buffer for what nobody knows yet was found. */
export interface Buffer {
  readonly pods: number;
  readonly by: 'rule' | 'forecast';
  readonly because: string;
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
  /** Nodes of these that are for what may come: beyond what runs and waits. */
  readonly spareNodes: number;
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
  /** The whole story, in words. */
  readonly because: readonly string[];
}

import type { Resources } from '../capacity/shape.ts';

/** A Karpenter NodePool, as far as it decides when nodes go. */
export interface NodePoolFact {
  readonly name: string;
  /** `spec.replicas`: somebody else sets how many nodes there are. */
  readonly isStatic: boolean;
  /** `WhenEmpty`, `WhenEmptyOrUnderutilized`, `Balanced`. */
  readonly consolidationPolicy: string;
  /** Seconds; undefined: `Never`. */
  readonly consolidateAfterSeconds: number | undefined;
  /** A budget of no nodes holds at all times. */
  readonly isFrozen: boolean;
}

/** Cluster Autoscaler's flags by name, without dashes; as its Pod has them. */
export interface ClusterAutoscalerFact {
  readonly pod: string;
  readonly flags: Readonly<Record<string, string>>;
}

/** A ResourceQuota without scopes. Infinite: that resource has no bound. */
export interface QuotaFact {
  readonly namespace: string;
  readonly hard: Resources & { readonly pods: number };
  readonly used: Resources & { readonly pods: number };
}

/** Engines and quotas around the pools, polled now and then. Undefined: it could not be listed. */
export interface EngineFacts {
  readonly nodePools: readonly NodePoolFact[] | undefined;
  /** Undefined also where there is none. */
  readonly clusterAutoscaler: ClusterAutoscalerFact | undefined;
  readonly quotas: readonly QuotaFact[] | undefined;
  /** What may not be listed, such as `nodepools (karpenter.sh)`. */
  readonly forbidden: readonly string[];
}

/** Nothing was polled yet. */
export const NO_ENGINE_FACTS: EngineFacts = {
  nodePools: undefined,
  clusterAutoscaler: undefined,
  quotas: undefined,
  forbidden: [],
};

/** How an engine lets empty nodes go: what a replay needs of its settings. Seconds. */
export type EngineSettings =
  | {
      readonly engine: 'cluster-autoscaler';
      readonly scanSeconds: number;
      readonly unneededSeconds: number;
      readonly delayAfterAddSeconds: number;
    }
  | { readonly engine: 'karpenter'; readonly consolidateAfterSeconds: number };

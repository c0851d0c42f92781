/** `affinity` of a pipeline, as its author wrote it, in the shape of Kubernetes. Data only; the compiler checks it. */

/** One expression of a selector; the operator is any text. */
export interface SelectorExpression {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** All of these must hold for a node. */
export interface NodeTerm {
  readonly expressions: readonly SelectorExpression[];
  readonly fields: readonly SelectorExpression[];
}

/** All of these must hold for the labels of a Pod. */
export interface LabelSelector {
  readonly labels: Readonly<Record<string, string>>;
  readonly expressions: readonly SelectorExpression[];
}

/** Pods of the same namespace, and the label of nodes that makes a topology. */
export interface PodTerm {
  /** Undefined: the Pods of all builds. */
  readonly selector: LabelSelector | undefined;
  readonly topologyKey: string;
}

/** A preference; a weight is from 1 to 100. */
export interface Weighted<T> {
  readonly weight: number;
  readonly term: T;
}

/** What the nodes of a Pod must or should be like. */
export interface NodeAffinity {
  /** One of these must hold; undefined: no requirement. */
  readonly required: readonly NodeTerm[] | undefined;
  readonly preferred: readonly Weighted<NodeTerm>[];
}

/** What other Pods must or should be near. */
export interface PodAffinity {
  /** All of these must hold. */
  readonly required: readonly PodTerm[];
  readonly preferred: readonly Weighted<PodTerm>[];
}

/** `affinity` of a pipeline. */
export interface Affinity {
  readonly nodes: NodeAffinity;
  readonly pods: PodAffinity;
  /** Whose neighbourhood is avoided. */
  readonly antiPods: PodAffinity;
}

/** One item of `topology_spread_constraints`. */
export interface TopologySpread {
  /** Above 0. */
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: string;
  /** Undefined: the Pods of all builds. */
  readonly selector: LabelSelector | undefined;
  /** Labels whose values a counted Pod must share. */
  readonly matchLabelKeys: readonly string[];
  readonly minDomains: number | undefined;
  /** Empty: that of Kubernetes, `Honor`. */
  readonly nodeAffinityPolicy: string;
  /** Empty: that of Kubernetes, `Ignore`. */
  readonly nodeTaintsPolicy: string;
}

import type { Clock } from '@hangar/shared/clock';

/** A Pod of a build. */
export interface BuildPod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly buildId: number;
}

/** The present form of a Pod, or its last one if it is gone. */
export interface PodChange {
  readonly isGone: boolean;
  readonly isBeingDeleted: boolean;
  readonly name: string;
  /** Another Pod may have had the same name before. */
  readonly uid: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** How a fault destroys a Pod: by a deletion, by its kubelet, or without any trace. */
export type PodLoss = 'deletion' | 'eviction' | 'removal';

/** The address of an API server, and the certificate authority (PEM) if it speaks TLS. */
export interface Upstream {
  readonly url: string;
  readonly authority?: string;
}

/** The nodes of a cluster whose nodes can fail. */
export interface ChaosNodes {
  setReady(node: string, isReady: boolean): void;
  /** The node is gone with all its Pods. */
  lose(node: string): void;
  /** A new machine with the same name replaces it. */
  replace(node: string): void;
}

/** The cluster that a run uses: the embedded one or the real one. */
export interface ChaosCluster {
  readonly namespace: string;
  readonly upstream: Upstream;
  /** Settings of the runner that this cluster needs. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether containers see the files of this machine without a volume. */
  readonly sharesFiles: boolean;
  /** Undefined: its nodes cannot fail. */
  readonly nodes: ChaosNodes | undefined;
  /** A kubeconfig of the runner for the API server at that address. */
  kubeconfigFor(address: string): string;
  /** All Pods of builds. */
  pods(): readonly BuildPod[];
  /** The listener is called for each change of a Pod from now on. */
  watchPods(listener: (change: PodChange) => void): void;
  destroyPod(pod: BuildPod, by: PodLoss): Promise<void>;
  /** Versions from before now become too old for watches. */
  expireHistory(): void;
  /** Objects of builds, as `Pod name`. */
  objects(): Promise<readonly string[]>;
  /** Names of the Leases. */
  leases(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Opens a cluster for one run. */
export type OpenCluster = (clock: Clock) => Promise<ChaosCluster>;

import type { LogLevel } from '@hangar/shared/logger';
import type { AccessLimits } from '../admit/access.ts';
import type { CompileSettings, ImageConfig } from '../compile/settings.ts';

type Texts = Readonly<Record<string, string>>;

/** An external plugin; absent if no endpoint is set. */
export interface PluginConfig {
  readonly endpoint: string;
  readonly token: string;
  readonly skipVerify: boolean;
}

/** The operator's configuration, read once and frozen. Absent limits are `undefined`. */
export interface RunnerConfig {
  readonly server: {
    readonly url: string;
    readonly token: string;
    readonly skipVerify: boolean;
    readonly dump: 'off' | 'heads' | 'bodies';
  };
  readonly runner: {
    readonly name: string;
    readonly capacity: number;
    readonly labels: Texts;
    readonly limits: AccessLimits;
    /** Whether cards are extracted from logs. */
    readonly cards: boolean;
  };
  readonly http: {
    /** Empty = all addresses. */
    readonly host: string;
    readonly port: number;
    /** Absent: the dashboard is disabled. */
    readonly ui: { readonly user: string; readonly password: string; readonly realm: string } | undefined;
    /** Absent: `/demand` is open. */
    readonly token: string | undefined;
  };
  readonly kubernetes: {
    /** Empty = in-cluster. */
    readonly kubeconfig: string;
    readonly qps: number;
    readonly burst: number;
    readonly startTimeoutMs: number;
    readonly schedulingTimeoutMs: number | undefined;
    readonly imagePullPatienceMs: number;
    readonly nodeLostPatienceMs: number;
  };
  readonly compile: CompileSettings;
  /** What is known of the gate's image; `compile.gateImage` is what follows from it before the cluster is asked. */
  readonly gate: { readonly chosen: string; readonly own: string; readonly version: string };
  readonly plugins: {
    readonly secret: PluginConfig | undefined;
    readonly registry: PluginConfig | undefined;
    readonly environment: PluginConfig | undefined;
  };
  /** `DRONE_RUNNER_SECRETS`. */
  readonly secrets: Texts;
  /** `DRONE_RUNNER_ENVIRON`, overridden by its file. */
  readonly environment: Texts;
  /** Empty = none. */
  readonly dockerConfigPath: string;
  /** Namespace → globs of slugs that may use it (previous-runner §3.12.4). */
  readonly namespaceRules: Readonly<Record<string, readonly string[]>>;
  readonly admission: {
    readonly budgetCpuMillicores: number | undefined;
    readonly budgetMemoryBytes: number | undefined;
    readonly budgetPods: number | undefined;
    /** What each node leaves to other Pods, CPU in millicores and memory in bytes; undefined: nodes are not looked at. */
    readonly nodesReserve:
      | { readonly cpuMillicores: number; readonly memoryBytes: number; readonly pods: number }
      | undefined;
    readonly waitLimitMs: number | undefined;
    readonly lookAhead: number | undefined;
    readonly repositoryPipelines: number | undefined;
    readonly recordRetentionMs: number;
    readonly keepFailedPods: number;
  };
  readonly pipelines: { readonly limitBytes: number };
  readonly logs: { readonly limitBytes: number; readonly memoryBytes: number };
  /** `namespace` empty: that of the connection. */
  readonly lease: {
    readonly namespace: string;
    readonly termMs: number;
    readonly coordination: 'auto' | 'leases' | 'none';
  };
  readonly registry: {
    readonly plainHttp: readonly string[];
    readonly privateRegistries: readonly string[];
    readonly mirrors: Texts;
    readonly imageCommands: Readonly<Record<string, ImageConfig>>;
  };
  /** For the runner's own connections. */
  readonly proxies: { readonly http: string; readonly https: string; readonly no: string };
  readonly logLevel: LogLevel;
  /** Warnings for the operator: settings without effect, unknown keys. */
  readonly warnings: readonly string[];
}

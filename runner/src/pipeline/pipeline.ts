/** A pipeline of type `kubernetes`, as its author wrote it, after substitution and parsing (previous-runner §3.5–3.8). Data only. */

import type { Affinity, TopologySpread } from './affinity.ts';
import type { PodSecurity, StepSecurity } from './security-context.ts';

/** Where a value is in a pipeline: keys and indexes, such as `steps`, 0, `image`. */
export type FieldPath = readonly (string | number)[];

/** Text, or the name of a secret. */
export type EnvValue =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'secret'; readonly secret: string };

/** Include and exclude globs of one condition; both empty = no condition. */
export interface Condition {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** What a condition may be about. */
export const CONDITION_NAMES = [
  'action',
  'branch',
  'cron',
  'event',
  'instance',
  'paths',
  'ref',
  'repo',
  'status',
  'target',
] as const;

/** `when` of a step, or `match` of a policy (previous-runner §3.8). Absent = no condition. */
export type Conditions = Readonly<Partial<Record<(typeof CONDITION_NAMES)[number], Condition>>>;

/** CPU in millicores and memory in bytes; 0 = not said. */
export interface Amount {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/** Ephemeral storage of one container, in bytes; 0 = not set. */
export interface StepStorage {
  readonly requestBytes: number;
  readonly limitBytes: number;
}

export interface PipelineMount {
  readonly name: string;
  readonly path: string;
  readonly subPath: string;
  /** Its number in the list of the YAML text, where that is not its number here. */
  readonly index?: number;
}

/** How often the program of a step runs: again after an attempt that failed. */
export interface StepRetry {
  /** All attempts, with the first: 2 to 10. */
  readonly attempts: number;
  /** Exit codes after which it runs again; absent: after every failure, except 78. */
  readonly exitCodes?: readonly number[];
  /** Pause before the second attempt, which doubles with each further one. */
  readonly backoffMs: number;
}

/** How the gate finds out that a service is ready, which the steps that depend on it wait for. */
export type ServiceReady = (
  | { readonly tcp: number }
  | { readonly http: { readonly port: number; readonly path: string } }
  | { readonly exec: readonly string[] }
) & {
  /** From the start of its program. */
  readonly timeoutMs: number;
};

/** A step or a service (previous-runner §3.6). `settings` are already turned to `PLUGIN_*` text (previous-runner §3.10), keyed by variable name. */
export interface PipelineStep {
  readonly name: string;
  readonly image: string;
  readonly commands: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, EnvValue>>;
  readonly settings: Readonly<Record<string, EnvValue>>;
  readonly detach: boolean;
  readonly dependsOn: readonly string[];
  readonly failure: 'fail' | 'ignore' | 'fast';
  readonly when: Conditions;
  readonly pull: 'default' | 'always' | 'never' | 'if-not-exists';
  readonly privileged: boolean;
  readonly limits: Amount;
  readonly requests: Amount;
  readonly storage: StepStorage;
  /** Extended resources such as `nvidia.com/gpu`, by name; Kubernetes wants requests and limits to be equal. */
  readonly devices: Readonly<Record<string, number>>;
  /** Which part of the resources of the YAML text names them, by name; absent as `at`. */
  readonly deviceParts?: Readonly<Record<string, 'limits' | 'requests'>>;
  readonly user: number | undefined;
  readonly group: number | undefined;
  readonly security: StepSecurity | undefined;
  readonly volumes: readonly PipelineMount[];
  readonly workingDir: string;
  /** Limit of one attempt, in milliseconds. */
  readonly timeoutMs?: number;
  readonly retry?: StepRetry;
  /** Of services and detached steps. */
  readonly ready?: ServiceReady;
  /** Where it stands in the YAML text, from 1; 0 when not known. */
  readonly line: number;
  /** Absent for steps that are not in the YAML text. */
  readonly at?: FieldPath;
}

/** A volume (previous-runner §3.7): exactly one source, or `none` when the author gave none (an error of the linter's later checks). */
export type PipelineVolume = {
  readonly name: string;
  /** Absent for volumes that are not in the YAML text. */
  readonly at?: FieldPath;
} & (
  | { readonly kind: 'temp'; readonly medium: string; readonly sizeLimitBytes: number }
  /** Filled before the steps from what the last successful build left there, and saved after them. */
  | { readonly kind: 'cache' }
  | { readonly kind: 'host'; readonly path: string }
  | { readonly kind: 'claim'; readonly claimName: string; readonly readOnly: boolean }
  | {
      readonly kind: 'config_map';
      readonly configMapName: string;
      readonly defaultMode: number | undefined;
      readonly optional: boolean;
    }
  | {
      readonly kind: 'secret';
      readonly secretName: string;
      readonly defaultMode: number | undefined;
      readonly optional: boolean;
    }
  | { readonly kind: 'none' }
);

export interface Toleration {
  readonly key: string;
  readonly operator: string;
  readonly effect: string;
  readonly value: string;
  readonly tolerationSeconds: number | undefined;
}

export interface Pipeline {
  /** `default` when the author gave none. */
  readonly name: string;
  readonly platform: {
    readonly os: string;
    readonly arch: string;
    readonly variant: string;
    readonly version: string;
  };
  readonly clone: {
    readonly disable: boolean;
    readonly depth: number;
    readonly skipVerify: boolean;
    readonly trace: boolean;
    readonly retries: number;
  };
  readonly environment: Readonly<Record<string, string>>;
  readonly requests: Amount;
  /** Refused by the linter. */
  readonly limits: Amount;
  readonly services: readonly PipelineStep[];
  readonly steps: readonly PipelineStep[];
  /** Steps that run at the same time; undefined: any number. */
  readonly parallelism: number | undefined;
  readonly volumes: readonly PipelineVolume[];
  readonly imagePullSecrets: readonly string[];
  readonly workspacePath: string;
  readonly metadata: {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly nodeName: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly serviceAccountName: string;
  readonly priorityClassName: string;
  readonly runtimeClassName: string;
  /** Empty: that of Kubernetes. */
  readonly dnsPolicy: string;
  readonly tolerations: readonly Toleration[];
  readonly security: PodSecurity | undefined;
  readonly affinity: Affinity | undefined;
  readonly topologySpread: readonly TopologySpread[];
  readonly dnsConfig: {
    readonly nameservers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly { readonly name: string; readonly value: string | undefined }[];
  };
  readonly hostAliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
}

/** A `kind: secret` document (previous-runner §3.9). */
export interface SecretDocument {
  readonly name: string;
  /** Encrypted, base64; empty when `get` is used. */
  readonly data: string;
  readonly get: { readonly path: string; readonly name: string } | undefined;
}

/** A YAML file: what of it concerns this runner. `warnings` tell what was understood in another way than it looks. */
export interface Manifest {
  readonly pipelines: readonly Pipeline[];
  readonly secrets: readonly SecretDocument[];
  readonly warnings: readonly string[];
}

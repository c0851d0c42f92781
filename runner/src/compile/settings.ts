import type { Amount, Conditions, Toleration } from '../pipeline/pipeline.ts';
import type { Account } from '../restrict/pipeline-choices.ts';
import type { Restrictions } from '../restrict/restrictions.ts';
import type { ResourceMode } from './resource-mode.ts';

/** One document of the policy file (previous-runner §1.6.3, §4.13). Zero and empty = unset. */
export interface Policy {
  readonly name: string;
  readonly match: Conditions;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly requests: Amount;
  readonly limits: Amount;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly tolerations: readonly Toleration[];
}

/** The storage of caches, and how much of it they take. */
export interface CacheSettings {
  readonly storage:
    | { readonly kind: 'claim'; readonly claimName: string }
    | { readonly kind: 'host'; readonly path: string };
  /** The largest cache that is saved. */
  readonly maxBytes: number;
  /** All caches of the storage; 0: no limit. */
  readonly totalBytes: number;
  /** After this time without use a cache is removed. */
  readonly maxAgeMs: number;
  /** Limit of restoring, and of saving, in one build. */
  readonly timeoutMs: number;
}

/** The operator's settings for Pods (`DRONE_*` and `HANGAR_*`, previous-runner §1.3). */
export interface CompileSettings {
  readonly cloneImage: string;
  /** The image `hangar-gate`, used for gate, placeholder and init container. */
  readonly gateImage: string;
  /** How the gate comes into the Pod: its image as a volume, or copied by an init container (also for `auto`, which decides later). */
  readonly gateVolume: 'auto' | 'image' | 'init';
  readonly placeholderImage: string;
  readonly globalVolumes: readonly {
    readonly hostPath: string;
    readonly containerPath: string;
    readonly readOnly: boolean;
  }[];
  readonly privilegedImages: readonly string[];
  readonly netrcCloneOnly: boolean;
  readonly limits: Amount;
  readonly requests: Amount;
  readonly minRequests: Amount;
  readonly defaultNamespace: string;
  readonly defaultServiceAccount: string;
  readonly defaultNodeSelector: Readonly<Record<string, string>>;
  readonly defaultAnnotations: Readonly<Record<string, string>>;
  readonly defaultLabels: Readonly<Record<string, string>>;
  readonly policies: readonly Policy[];
  /** Proxy variables of the runner's own environment, injected in both spellings. */
  readonly proxies: Readonly<Record<string, string>>;
  readonly tmate: {
    readonly enabled: boolean;
    readonly image: string;
    readonly host: string;
    readonly port: string;
    readonly fingerprintRsa: string;
    readonly fingerprintEd25519: string;
  };
  readonly startMode: 'barrier' | 'eager';
  readonly hardening: 'off' | 'restricted';
  /** User of steps whose pipeline sets none, clone included; undefined: the image's own. */
  readonly runAsUser: number | undefined;
  /** `split`: the stage's request is split over the containers, requests of steps are ignored (as the old runner); `peak` and `steps`: gate §6. */
  readonly resources: ResourceMode;
  /** Added to the repository's timeout for activeDeadlineSeconds. */
  readonly deadlineSlackMs: number;
  /** How long the container of a failed step stays; 0: it does not. */
  readonly keepFailedMs: number;
  /** The longest time for which a build parameter may make it stay; 0: no parameter has an effect. */
  readonly keepFailedMaxMs: number;
  /** Where caches are kept between builds; undefined: nowhere. */
  readonly caches: CacheSettings | undefined;
  /** What pipelines may choose, by trust level. */
  readonly restrictions: Restrictions;
  /** The runner's own service account, which no build gets; undefined if it isn't known. */
  readonly ownAccount: Account | undefined;
  /** Namespace of the Leases, which no pipeline may name; empty if it isn't known. */
  readonly leaseNamespace: string;
}

/** Metadata of an image from its registry. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly stopSignal: string;
  readonly user: string;
}

/** Credentials for one registry. */
export interface RegistryCredentials {
  readonly address: string;
  readonly username: string;
  readonly password: string;
  /** Given by the operator, and not by the author of the pipeline. */
  readonly isOperators?: boolean;
}

/** Data that must be fetched before compilation; collected by `prepare/`. */
export interface Prepared {
  /** The runner's environment, then that of the environment plugin; `mask` values are hidden in logs. */
  readonly environment: readonly { readonly name: string; readonly value: string; readonly mask: boolean }[];
  /** By the name that the pipeline uses; undefined = not available (the variable is empty, with a warning in the step's log). */
  readonly secrets: Readonly<Record<string, string | undefined>>;
  /** Why those are not available that are undefined. */
  readonly missingSecrets?: Readonly<Record<string, string>>;
  readonly registries: readonly RegistryCredentials[];
  /** By full image reference; undefined = the look-up failed, so the step is swapped. */
  readonly images: Readonly<Record<string, ImageConfig | undefined>>;
  readonly warnings: readonly string[];
}

import type { Amount, Conditions, Toleration } from '../pipeline/pipeline.ts';

/** One document of the policy file (previous-runner §1.6.3, §4.13). Zero and empty = not said. */
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

/** What the operator decided about the Pods that are made (`DRONE_*` and `HANGAR_*`, previous-runner §1.3). */
export interface CompileSettings {
  readonly cloneImage: string;
  /** `hangar-gate`: gate, placeholder and init alike. */
  readonly gateImage: string;
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
  /** User of steps whose pipeline names none, clone included; undefined: the image's own. */
  readonly runAsUser: number | undefined;
  /** `split`: R of the Pod spread over its containers, step requests ignored (as the old runner); `peak`: gate §6. */
  readonly resources: 'split' | 'peak';
  /** Added to the repository's timeout for activeDeadlineSeconds. */
  readonly deadlineSlackMs: number;
}

/** What was found out about an image in its registry. */
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
}

/** What had to be asked of others before the compiler can work; made by `prepare/`. */
export interface Prepared {
  /** Runner environment, then the environment plugin's; `mask` values are hidden in logs. */
  readonly environment: readonly { readonly name: string; readonly value: string; readonly mask: boolean }[];
  /** By the name that the pipeline uses; undefined = not found (empty value, said in the log). */
  readonly secrets: Readonly<Record<string, string | undefined>>;
  readonly registries: readonly RegistryCredentials[];
  /** By full image reference; undefined = the look-up failed, so that step is swapped. */
  readonly images: Readonly<Record<string, ImageConfig | undefined>>;
  readonly warnings: readonly string[];
}

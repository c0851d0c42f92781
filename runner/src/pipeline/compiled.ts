import { RUNNER_LABEL } from '@hangar/shared/contract/object-keys';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import type { RunPlan } from './run-plan.ts';

/** What the compiler hands to launch: the plan, the Pod with a scheduling gate, its Secrets (the first holds everything a step reads). */
export interface Compiled {
  readonly plan: RunPlan;
  readonly namespace: string;
  /** A random namespace that must be made before and removed after (`drone-`). */
  readonly createNamespace: boolean;
  readonly pod: V1Pod;
  readonly secrets: readonly V1Secret[];
  /** `kubernetes.io/dockerconfigjson`, created before the Pod can be scheduled; absent without credentials. */
  readonly pullSecret: V1Secret | undefined;
  /** Values to hide, by step number. */
  readonly masks: Readonly<Record<number, readonly string[]>>;
  /** Names of the operator's variables in the environment of all steps: `compile` does not show their values. */
  readonly hiddenVariables?: readonly string[];
  /** What the author should know, shown at the head of the first step's log. */
  readonly warnings: readonly string[];
  /** The same at the head of a step's own log, by step number; absent: none. */
  readonly stepWarnings?: Readonly<Record<number, readonly string[]>>;
}

/** Names of what we put on Pods; also what other replicas and people select by. */
export const LABEL = {
  managedBy: RUNNER_LABEL.key,
  managedByValue: RUNNER_LABEL.value,
  stageId: 'hangar.dev/stage-id',
  buildId: 'hangar.dev/build-id',
  /** `true` on a Pod with the container of a failed step that is kept for people. */
  kept: 'hangar.dev/kept',
  /** The replica that made the Pod, where replicas work independently. */
  instance: 'hangar.dev/instance',
} as const;

/** Annotations of a Pod of ours. Values are JSON unless said otherwise. */
export const ANNOTATION = {
  /** The stage as accepted (DroneStage, without steps). */
  stage: 'hangar.dev/stage',
  /** RunPlan. */
  plan: 'hangar.dev/plan',
  /** The steps as the server numbered them: `{ "<n>": id }`. Absent: not started at the server yet. */
  stepIds: 'hangar.dev/step-ids',
  /** Versions that steps had at the server when this was written, where they are not 1: `{ "<n>": version }`. */
  stepVersions: 'hangar.dev/step-versions',
  /** The stage's version after the start, plain number. */
  stageVersion: 'hangar.dev/stage-version',
  /** When the start was told to the server, Unix seconds, plain number: the last report repeats it. */
  stageStarted: 'hangar.dev/stage-started',
  /** Owner: `<lease namespace>/<lease name>`, plain text. */
  owner: 'hangar.dev/owner',
  /** Scheme and host of the Drone server whose stage it is, plain text: stages of two servers may have the same number. */
  server: 'hangar.dev/server',
  /** {@link RECORD_VERSION} of who wrote these annotations, plain number; absent: 1. */
  recordVersion: 'hangar.dev/record-version',
  /** Signature of what does not change on the Pod, plain text (`launch/pod-origin.ts`). */
  signature: 'hangar.dev/signature',
  /** Random, one for each compilation: a Pod of the same stage and owner with another one is a previous process's. Plain text. */
  draft: 'hangar.dev/draft',
  /** Where the Pod's namespace was made for it alone, and goes with it: the uid of that namespace, or {@link NO_UID}; plain text. */
  ownNamespace: 'hangar.dev/own-namespace',
  /** When the stage was admitted, milliseconds since 1970, plain number. */
  admittedAt: 'hangar.dev/admitted-at',
  /** `result-<n>` of swapped steps: a line as in PROTOCOL.md. */
  resultPrefix: 'hangar.dev/result-',
  /** The end of a failed step whose gate stays (`keepFailedMs`), by `end-<n>`: a line as in PROTOCOL.md. */
  endPrefix: 'hangar.dev/end-',
  /** Container id of the placeholder when its image was swapped, or {@link NO_PLACEHOLDER}; plain text, by `placeholder-<n>`. */
  placeholderPrefix: 'hangar.dev/placeholder-',
  /** What a swapped step finds as `/run/drone/env`, by `env-<n>`; written when its turn comes. */
  envPrefix: 'hangar.dev/env-',
  /** How the stage ended, where its Pod was stopped for it (`CutShort`): the server may not know it yet. */
  conclusion: 'hangar.dev/conclusion',
  /** Why the Pod was stopped before any step started, to be made again with an init container. Plain text. */
  gateReplaced: 'hangar.dev/gate-replaced',
  /** The node that could pull no image of the Pod, which was stopped before any step started, to be made again elsewhere. */
  nodeAvoided: 'hangar.dev/node-avoided',
  /** How often the Pod was taken over by another process, plain number. */
  adoptions: 'hangar.dev/adoptions',
  /** How many owners in a row were lost soon after they began to read the logs of this Pod, plain number. */
  readerDeaths: 'hangar.dev/reader-deaths',
  /** Real image of a swapped container, by `image-<n>`. */
  imagePrefix: 'hangar.dev/image-',
} as const;

/** The newest form of a Pod's annotations. A runner leaves Pods of a newer form alone: raise it when an older runner would misread them. */
export const RECORD_VERSION = 2;

/** The form that a Pod's annotations need. Before 2, a runner takes a service that was not ready for one that ended well. Pure. */
export const recordVersionOf = ({ steps }: RunPlan): number =>
  steps.some(({ readyMs }) => readyMs !== undefined) ? RECORD_VERSION : 1;
/** In place of the uid of a namespace that existed and may not be read. */
export const NO_UID = 'true';
/** In place of a container's id: the image was put in place before any node knew the Pod. */
export const NO_PLACEHOLDER = 'none';
/** The scheduling gate that holds a Pod until the server knows its steps. */
export const SCHEDULING_GATE = 'hangar.dev/start';
/** Key of the first Secret with `{ "<n>": [values to hide] }`. Mounted nowhere. */
export const MASKS_KEY = 'masks.json';
/** Key of the first Secret with the plan, where it is too large for an annotation. */
export const PLAN_KEY = 'plan.json';
/** The volume with what the gates read (PROTOCOL.md). */
export const FILES_VOLUME = 'hangar-files';
/** The volume with the gate's program (PROTOCOL.md). */
export const GATE_VOLUME = 'hangar-bin';
/** What Pods and fresh namespaces are called, with something random behind it. */
export const NAME_PREFIX = 'drone-';
/** As a namespace, this means a fresh one for every pipeline. */
export const RANDOM_NAMESPACE = 'drone-';
/** The gate in a gated container. */
export const GATE_PROGRAM = '/hangar/bin/gate';
/** Finalizer-free names of our containers. */
export const INIT_CONTAINER = 'hangar-init';
export const containerName = (n: number): string => `step-${n}`;
/**
 * Every value to hide in the logs of a stage: a step may print what another one was given, from a file or from the network. Undefined if
 * the values are not known.
 */
export const stageMasks = (byStep: Compiled['masks'] | undefined): readonly string[] | undefined =>
  byStep && [...new Set(Object.values(byStep).flat())];

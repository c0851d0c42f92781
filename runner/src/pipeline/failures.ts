import type { Blame } from './pipeline-error.ts';

/** One way in which a stage comes to nothing without its own steps failing. */
export interface Failure {
  /** Who usually has to act; an error may say otherwise for itself. */
  readonly blame: Blame;
  /** What happened, for people. */
  readonly meaning: string;
  /**
   * `safe`: nothing of the pipeline has run. `pointless`: safe, but it fails again until the cure. `steps-may-have-run`: look at
   * what they did first.
   */
  readonly retry: 'safe' | 'pointless' | 'steps-may-have-run';
  readonly cure: string;
}

/**
 * Every code of a `PipelineError`, every `TroubleCode` and the time-out: the closed list from which metric labels, documents and
 * tests are made. A test holds it against the sources, both ways.
 */
export const FAILURES = {
  yaml: {
    blame: 'pipeline',
    meaning:
      'The configuration is no YAML, holds a value of the wrong kind, or lacks the pipeline that was asked for.',
    retry: 'pointless',
    cure: 'Mend the line that the message names; `hangar-runner lint` finds it without a build.',
  },
  substitution: {
    blame: 'pipeline',
    meaning: 'A `${...}` expression of the configuration can’t be read.',
    retry: 'pointless',
    cure: 'Mend the expression; write `$$` for a dollar that the shell shall see.',
  },
  lint: {
    blame: 'pipeline',
    meaning: 'The pipeline uses something that this repository, or a Pod, may not or can not do.',
    retry: 'pointless',
    cure: 'Change what the message names, or have the repository marked as trusted.',
  },
  'not-allowed': {
    blame: 'operator',
    meaning: 'This runner does not take builds of this repository, event or trust level.',
    retry: 'pointless',
    cure: 'Widen `DRONE_LIMIT_REPOS`, `DRONE_LIMIT_EVENTS` or `DRONE_LIMIT_TRUSTED`, or give the pipeline a `node` map that leads elsewhere.',
  },
  'invalid-pipeline': {
    blame: 'pipeline',
    meaning: 'A field of the pipeline can’t be put into a Pod.',
    retry: 'pointless',
    cure: 'Change the field that the message names.',
  },
  'unknown-volume': {
    blame: 'pipeline',
    meaning: 'A step mounts a volume that the pipeline does not define.',
    retry: 'pointless',
    cure: 'Add the volume under `volumes` of the pipeline, or correct its name.',
  },
  'invalid-image': {
    blame: 'pipeline',
    meaning: 'The image of a step can’t be the name of an image.',
    retry: 'pointless',
    cure: 'Correct the image; an empty variable in its name is the usual reason.',
  },
  'pipeline-too-large': {
    blame: 'pipeline',
    meaning:
      'The pipeline file, its conditions or its Pod are larger than what this runner reads or Kubernetes stores.',
    retry: 'pointless',
    cure: 'Split the pipeline, or shorten its environment, scripts and conditions; for a large file raise `HANGAR_PIPELINE_LIMIT`.',
  },
  'unsupported-platform': {
    blame: 'pipeline',
    meaning: 'The platform of this pipeline can’t be run by this runner.',
    retry: 'pointless',
    cure: 'Correct `platform`.',
  },
  'refused-choice': {
    blame: 'pipeline',
    meaning:
      'The pipeline chooses something that this runner does not allow builds of its trust level, such as a service account.',
    retry: 'pointless',
    cure: 'Remove what the message names, or ask the operator of the runner to allow it by the setting in the message or in the policy file.',
  },
  'invalid-settings': {
    blame: 'operator',
    meaning: 'The runner’s own settings can’t be put into a Pod.',
    retry: 'pointless',
    cure: 'Correct the setting that the message names and restart the runner.',
  },
  'detail-failed': {
    blame: 'operator',
    meaning: 'The Drone server accepted the runner’s claim and then did not give the details of the stage.',
    retry: 'safe',
    cure: 'Look at the log of the Drone server: its Git host or its secret storage is the usual reason.',
  },
  'start-lost': {
    blame: 'operator',
    meaning:
      'The Drone server did not confirm the start of the stage, so that nobody knows the ids of its steps.',
    retry: 'safe',
    cure: 'Restart the build; if it comes again, look at the log of the Drone server.',
  },
  'record-lost': {
    blame: 'cluster',
    meaning: 'The Secret of a running pipeline’s Pod was gone when another replica took the pipeline over.',
    retry: 'steps-may-have-run',
    cure: 'Find out who deletes Secrets in the namespace of the pipelines.',
  },
  'over-budget': {
    blame: 'pipeline',
    meaning: 'The pipeline alone asks for more than the whole budget of the runner.',
    retry: 'pointless',
    cure: 'Ask for less, or raise `HANGAR_BUDGET_CPU`, `HANGAR_BUDGET_MEMORY` or `HANGAR_BUDGET_PODS`.',
  },
  'waited-too-long': {
    blame: 'operator',
    meaning: 'The pipeline was not admitted within `HANGAR_WAIT_LIMIT`.',
    retry: 'safe',
    cure: 'Add capacity, or raise the limit; the log of the first step says what it waited for.',
  },
  'right-missing': {
    blame: 'operator',
    meaning: 'Kubernetes does not let the runner make an object, or a webhook forbids it.',
    retry: 'pointless',
    cure: 'Grant the right that the message names (docs/role.yaml), or change the rule of the webhook.',
  },
  'name-taken': {
    blame: 'cluster',
    meaning: 'A Pod that no runner made has the name of this stage’s Pod.',
    retry: 'safe',
    cure: 'Restart the build, which gets another name, and find out who made that Pod: nobody but a runner needs the right to create Pods in the namespace of builds.',
  },
  'object-refused': {
    blame: 'pipeline',
    meaning: 'Kubernetes refuses the Pod or a Secret of this pipeline for what it says.',
    retry: 'pointless',
    cure: 'Change what the API server’s words name; Pod Security and admission policies speak here too.',
  },
  'image-not-found': {
    blame: 'pipeline',
    meaning: 'The registry does not have the image, or not for us.',
    retry: 'pointless',
    cure: 'Correct the image, or give credentials by `image_pull_secrets`. If it is the gate’s image: `HANGAR_GATE_IMAGE`.',
  },
  'image-pull-failed': {
    blame: 'cluster',
    meaning: 'The image could not be pulled for longer than `HANGAR_IMAGE_PULL_PATIENCE`.',
    retry: 'safe',
    cure: 'Look at the registry and at its rate limits, and restart the build.',
  },
  'container-refused': {
    blame: 'pipeline',
    meaning:
      'The container runtime can’t make the container of a step: working directory, mount, user or device.',
    retry: 'pointless',
    cure: 'Change what the runtime’s words name.',
  },
  'start-timed-out': {
    blame: 'cluster',
    meaning: 'A container did not start within `DRONE_ENGINE_CONTAINER_START_TIMEOUT`.',
    retry: 'steps-may-have-run',
    cure: 'Look at the node and at the size of the image; raise the time-out if both are as they should be.',
  },
  'init-failed': {
    blame: 'operator',
    meaning: 'The init container that puts the gate into the Pod has failed.',
    retry: 'safe',
    cure: 'Look at `HANGAR_GATE_IMAGE`: its version must be the runner’s, its architecture the node’s.',
  },
  unschedulable: {
    blame: 'cluster',
    meaning: 'No node took the Pod within `HANGAR_SCHEDULING_TIMEOUT`.',
    retry: 'safe',
    cure: 'Add a node that fits, or correct what the pipeline asks for; the scheduler’s words say what is missing.',
  },
  evicted: {
    blame: 'cluster',
    meaning: 'The Pod was taken from its node: pressure on the node, or a drain.',
    retry: 'steps-may-have-run',
    cure: 'Ask for as much memory and disk as the pipeline uses; keep drains away from build nodes.',
  },
  preempted: {
    blame: 'cluster',
    meaning: 'The scheduler gave the place of the Pod to a Pod of higher priority.',
    retry: 'steps-may-have-run',
    cure: 'Give build Pods a priority class that others do not preempt, or add room.',
  },
  'node-shutdown': {
    blame: 'cluster',
    meaning: 'The node was shut down while the pipeline ran, or when its Pod came.',
    retry: 'steps-may-have-run',
    cure: 'Restart the build; keep shutdowns of build nodes to times when they are empty.',
  },
  'pod-refused': {
    blame: 'cluster',
    meaning: 'The node ended the Pod by itself: it had no room for it after all.',
    retry: 'steps-may-have-run',
    cure: 'Look at what the node says, and restart the build.',
  },
  'pod-stopped': {
    blame: 'cluster',
    meaning: 'Something told the containers of the Pod to stop, and the Pod was not deleted.',
    retry: 'steps-may-have-run',
    cure: 'Find out who ends containers on the node: a person, or a program that manages containers beside the kubelet.',
  },
  'deadline-exceeded': {
    blame: 'pipeline',
    meaning: 'The Pod reached its own deadline, which is the repository’s time-out and some slack.',
    retry: 'steps-may-have-run',
    cure: 'Make the pipeline faster, or raise the time-out of the repository.',
  },
  'timed-out': {
    blame: 'pipeline',
    meaning: 'The pipeline ran longer than the time-out of its repository.',
    retry: 'steps-may-have-run',
    cure: 'Make the pipeline faster, or raise the time-out of the repository.',
  },
  'node-lost': {
    blame: 'cluster',
    meaning: 'The node stopped answering while the pipeline ran.',
    retry: 'steps-may-have-run',
    cure: 'Look at the node; spot machines end in this way.',
  },
  'pod-deleted': {
    blame: 'cluster',
    meaning: 'Somebody or something other than the runner deleted the Pod.',
    retry: 'steps-may-have-run',
    cure: 'Find out who: clean-up jobs and the removal of nodes are the usual ones.',
  },
  internal: {
    blame: 'bug',
    meaning: 'The runner met something that it does not know.',
    retry: 'steps-may-have-run',
    cure: 'Report it with the runner’s log of that stage.',
  },
} as const satisfies Record<string, Failure>;

/** One word of the closed list. */
export type FailureCode = keyof typeof FAILURES;

/** Is it a word of the closed list? */
export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(FAILURES, code);
}

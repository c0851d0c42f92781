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
      'The configuration is not valid YAML, has a value of the wrong type, or does not contain the requested pipeline.',
    retry: 'pointless',
    cure: 'Fix the line that the message names; `hangar-runner lint` finds it without a build.',
  },
  substitution: {
    blame: 'pipeline',
    meaning: 'A `${...}` expression in the configuration is invalid.',
    retry: 'pointless',
    cure: 'Fix the expression. To pass a dollar sign to the shell, write `$$`.',
  },
  lint: {
    blame: 'pipeline',
    meaning: 'The pipeline uses a feature that is not allowed for this repository or not possible in a Pod.',
    retry: 'pointless',
    cure: 'Change the part that the message names, or ask an administrator of Drone to mark the repository as trusted.',
  },
  'not-allowed': {
    blame: 'operator',
    meaning: 'This runner does not accept builds of this repository, event or trust level.',
    retry: 'pointless',
    cure: 'Widen `DRONE_LIMIT_REPOS`, `DRONE_LIMIT_EVENTS` or `DRONE_LIMIT_TRUSTED`, or route the pipeline to another runner with a `node` map.',
  },
  'invalid-pipeline': {
    blame: 'pipeline',
    meaning: 'A field of the pipeline is not valid in a Pod.',
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
    meaning: 'The image of a step is not a valid image name.',
    retry: 'pointless',
    cure: 'Correct the name. The usual cause is an empty variable in it.',
  },
  'pipeline-too-large': {
    blame: 'pipeline',
    meaning:
      'The pipeline file, its conditions or its Pod exceed a size limit of the runner or of Kubernetes.',
    retry: 'pointless',
    cure: 'Split the pipeline, or shorten its environment, scripts and conditions; for a large file raise `HANGAR_PIPELINE_LIMIT`.',
  },
  'unsupported-platform': {
    blame: 'pipeline',
    meaning: 'This runner does not support the platform of the pipeline.',
    retry: 'pointless',
    cure: 'Correct `platform`.',
  },
  'refused-choice': {
    blame: 'pipeline',
    meaning:
      'The pipeline sets a field, such as a service account, that this runner does not allow for builds of this trust level.',
    retry: 'pointless',
    cure: 'Remove the value at the line and column in the message, or ask the operator of the runner to allow it with the setting in the message or in the policy file.',
  },
  'invalid-settings': {
    blame: 'operator',
    meaning: 'The runner’s own settings are not valid in a Pod.',
    retry: 'pointless',
    cure: 'Correct the setting that the message names and restart the runner.',
  },
  'detail-failed': {
    blame: 'operator',
    meaning:
      'The Drone server accepted the claim of the runner and then did not return the details of the stage.',
    retry: 'safe',
    cure: 'Check the log of the Drone server. The usual causes are its Git host and its secret storage.',
  },
  'start-lost': {
    blame: 'operator',
    meaning:
      'The Drone server did not confirm the start of the stage, and then did not return its details, or four starts in a row were lost.',
    retry: 'safe',
    cure: 'Restart the build. If the error recurs, check the log of the Drone server; the usual cause is its Git host.',
  },
  'record-lost': {
    blame: 'cluster',
    meaning: 'The Secret of a running Pod was missing when another replica took over the pipeline.',
    retry: 'steps-may-have-run',
    cure: 'Find out who deletes Secrets in the namespace of the pipelines.',
  },
  'runners-lost': {
    blame: 'pipeline',
    meaning:
      'Three runners in a row were lost while they prepared the pipeline, before its Pod existed, so it is not tried again.',
    retry: 'pointless',
    cure: 'Make the pipeline file smaller or simpler. The operator can find the cause in the log of the lost containers (`kubectl logs --previous`) and, if they were out of memory, raise their limit.',
  },
  'over-budget': {
    blame: 'pipeline',
    meaning:
      'The pipeline alone requests more than the whole budget of the runner, or than any node that it may be scheduled to can hold.',
    retry: 'pointless',
    cure: 'Request less, raise `HANGAR_BUDGET_CPU`, `HANGAR_BUDGET_MEMORY` or `HANGAR_BUDGET_PODS`, or with `HANGAR_BUDGET_NODES` add a larger node.',
  },
  'waited-too-long': {
    blame: 'operator',
    meaning: 'The pipeline was not admitted within `HANGAR_WAIT_LIMIT`.',
    retry: 'safe',
    cure: 'Add capacity, or raise the limit; the log of the first step shows what it waited for.',
  },
  'right-missing': {
    blame: 'operator',
    meaning: 'Kubernetes does not allow the runner to create an object, or a webhook rejects it.',
    retry: 'pointless',
    cure: 'Grant the permission that the message names (docs/role.yaml), or change the rule of the webhook.',
  },
  'name-taken': {
    blame: 'cluster',
    meaning:
      'A Pod that was not created by a runner has the name of the Pod of this stage, or one of an earlier run of the stage, after the Drone server was restored from a backup.',
    retry: 'safe',
    cure: 'Restart the build, which gets another name, and find out who created that Pod. Only runners need permission to create Pods in the namespace of builds.',
  },
  'object-refused': {
    blame: 'pipeline',
    meaning: 'Kubernetes rejects the content of the Pod or of a Secret of this pipeline.',
    retry: 'pointless',
    cure: 'Change the part that the message of the API server names. Pod Security and admission policies are reported here too.',
  },
  'image-not-found': {
    blame: 'pipeline',
    meaning: 'The registry does not have the image, or denies access to it.',
    retry: 'pointless',
    cure: 'Correct the image name, or provide credentials with `image_pull_secrets`. For the image of the gate, check `HANGAR_GATE_IMAGE`.',
  },
  'image-pull-failed': {
    blame: 'cluster',
    meaning: 'The image could not be pulled within `HANGAR_IMAGE_PULL_PATIENCE`.',
    retry: 'safe',
    cure: 'Check the registry and its rate limits, then restart the build.',
  },
  'container-refused': {
    blame: 'pipeline',
    meaning:
      'The container runtime cannot create the container of a step because of its working directory, a mount, the user or a device.',
    retry: 'pointless',
    cure: 'Change the part that the message of the container runtime names.',
  },
  'node-unresponsive': {
    blame: 'cluster',
    meaning:
      'The node could not create the container of a step within `HANGAR_NODE_LOST_PATIENCE`: its kubelet or container runtime timed out.',
    retry: 'steps-may-have-run',
    cure: 'Check the load of the node and its connection to the API server, then restart the build.',
  },
  'start-timed-out': {
    blame: 'cluster',
    meaning: 'A container did not start within `DRONE_ENGINE_CONTAINER_START_TIMEOUT`.',
    retry: 'steps-may-have-run',
    cure: 'Check the node and the size of the image. If both are as expected, raise the timeout.',
  },
  'init-failed': {
    blame: 'operator',
    meaning: 'The init container that copies the gate into the Pod failed.',
    retry: 'safe',
    cure: 'Check `HANGAR_GATE_IMAGE`: it must have the version of the runner and the architecture of the node.',
  },
  unschedulable: {
    blame: 'cluster',
    meaning: 'The Pod was unschedulable for `HANGAR_SCHEDULING_TIMEOUT`.',
    retry: 'safe',
    cure: 'Add a node that fits, or correct the requests of the pipeline. The message of the scheduler names what is missing.',
  },
  evicted: {
    blame: 'cluster',
    meaning: 'The Pod was evicted from its node, because of node pressure or a drain.',
    retry: 'steps-may-have-run',
    cure: 'Request as much memory and disk as the pipeline uses, and do not drain nodes while builds run on them.',
  },
  preempted: {
    blame: 'cluster',
    meaning: 'The scheduler preempted the Pod for a Pod of higher priority.',
    retry: 'steps-may-have-run',
    cure: 'Give build Pods a priority class that others do not preempt, or add nodes.',
  },
  'node-shutdown': {
    blame: 'cluster',
    meaning: 'The node was shut down while the pipeline ran or while its Pod was being started.',
    retry: 'steps-may-have-run',
    cure: 'Restart the build. Shut down build nodes only while no build runs on them.',
  },
  'pod-refused': {
    blame: 'cluster',
    meaning: 'The kubelet rejected or terminated the Pod, for example because the node had no room for it.',
    retry: 'steps-may-have-run',
    cure: 'Check the message of the kubelet, then restart the build.',
  },
  'pod-stopped': {
    blame: 'cluster',
    meaning: 'The containers of the Pod received a signal to stop, although the Pod was not deleted.',
    retry: 'steps-may-have-run',
    cure: 'Find out who ends containers on the node: a person, or a program that manages containers beside the kubelet.',
  },
  'deadline-exceeded': {
    blame: 'pipeline',
    meaning: 'The Pod reached its deadline: the timeout of the repository plus `HANGAR_DEADLINE_SLACK`.',
    retry: 'steps-may-have-run',
    cure: 'Make the pipeline faster, or raise the timeout of the repository.',
  },
  'timed-out': {
    blame: 'pipeline',
    meaning: 'The pipeline ran longer than the timeout of its repository.',
    retry: 'steps-may-have-run',
    cure: 'Make the pipeline faster, or raise the timeout of the repository.',
  },
  'node-lost': {
    blame: 'cluster',
    meaning: 'The node stopped answering while the pipeline ran.',
    retry: 'steps-may-have-run',
    cure: 'Check the node. Spot instances are terminated in this way.',
  },
  'pod-deleted': {
    blame: 'cluster',
    meaning: 'The Pod was deleted, but not by the runner.',
    retry: 'steps-may-have-run',
    cure: 'Find out what deleted it. The usual causes are clean-up jobs and node removal.',
  },
  internal: {
    blame: 'bug',
    meaning: 'The runner failed with an unexpected error.',
    retry: 'steps-may-have-run',
    cure: 'Report it with the log of the runner for that stage.',
  },
} as const satisfies Record<string, Failure>;

/** One word of the closed list. */
export type FailureCode = keyof typeof FAILURES;

/** Is it a word of the closed list? */
export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(FAILURES, code);
}

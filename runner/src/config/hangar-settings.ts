import { type Settings, setting } from '@hangar/shared/config';
import { atLeast, BYTES, CPU, DURATION, integer, LIST, oneOf, TOKEN } from '@hangar/shared/config-values';
import { RESOURCE_MODES } from '../compile/resource-mode.ts';
import { CACHE_STORAGE } from './cache-storage.ts';
import { flag, list, map, optional, text } from './setting-kinds.ts';

const GIB = 1024 ** 3;

/** The note for a setting that the previous runner did not have. */
export const NEW = 'new in Hangar';

/** Settings that only Hangar has. */
export const hangar = {
  gateImage: text('HANGAR_GATE_IMAGE', {
    section: 'hangar',
    description: 'Image of the gate, of the placeholder and of the init container.',
    defaultText: "hangar-gate next to the runner's image if it exists, else the runner's own image",
    note: NEW,
  }),
  ownImage: text('HANGAR_OWN_IMAGE', {
    section: 'hangar',
    description:
      "Reference of the runner's own image, set when it is built. Used if the runner is not allowed to read its own Pod.",
    note: NEW,
  }),
  gateVolume: setting('HANGAR_GATE_VOLUME', oneOf('auto', 'image', 'init'), 'auto', {
    section: 'hangar',
    description:
      'How the gate is added to a Pod. `image`: its image is mounted as a volume (Kubernetes 1.33 or later with the feature gate `ImageVolume`), so that the first step starts about a second earlier; `init`: an init container copies it; `auto`: `image` where it works. If the API server refuses such a Pod, or its node cannot start it, the Pod is created again with an init container before any step has run, and Pods with the same node selector get one for an hour.',
    note: NEW,
  }),
  httpToken: optional('HANGAR_HTTP_TOKEN', TOKEN, {
    section: 'hangar',
    description:
      'Bearer token required by `/demand` and `/stages`, which contain names of repositories. Empty: `/demand` is open. Set the same token as `HANGAR_AUTOSCALER_RUNNER_TOKEN` of the autoscaler.',
    secret: true,
    note: NEW,
  }),
  stepStart: setting('HANGAR_STEP_START', oneOf('barrier', 'eager'), 'barrier', {
    section: 'hangar',
    description:
      '`barrier`: only the clone step starts before all images are pulled; `eager`: a step starts as soon as its own image is.',
    note: NEW,
  }),
  hardening: setting('HANGAR_HARDENING', oneOf('off', 'restricted'), 'off', {
    section: 'hangar',
    description:
      '`restricted`: no new privileges and the default seccomp profile for steps, no token where no service account is named, and all of Pod Security `restricted` for steps whose user is set to a number other than 0.',
    note: NEW,
  }),
  runAsUser: optional('HANGAR_RUN_AS_USER', integer(1, 2 ** 31 - 1), {
    section: 'hangar',
    description:
      'UID for steps whose pipeline does not set a user, clone included. Empty: the user of the image. With HANGAR_HARDENING=restricted, Pods can then run in namespaces that enforce Pod Security `restricted`.',
    note: NEW,
  }),
  ownAccount: text('HANGAR_SERVICE_ACCOUNT', {
    section: 'hangar',
    description:
      "The runner's own service account as `namespace/name`: pipelines are not allowed to use it, and its token is never mounted into a build.",
    defaultText: "the account of the Pod's token",
    note: NEW,
  }),
  resources: setting('HANGAR_RESOURCES', oneOf(...RESOURCE_MODES), 'split', {
    section: 'hangar',
    description:
      '`split`: the request of the Pod is divided among its containers. `peak`: the Pod requests what its steps need at the same time. `steps`: each container requests what its step sets. A pipeline can choose by the annotation `hangar.dev/resources`.',
    note: NEW,
  }),
  deadlineSlackMs: setting('HANGAR_DEADLINE_SLACK', DURATION, 600_000, {
    section: 'hangar',
    description: 'Added to the timeout of the repository to get the deadline of the Pod.',
    note: NEW,
  }),
  budgetCpuMillicores: optional('HANGAR_BUDGET_CPU', CPU, {
    section: 'hangar',
    description: 'CPU that all Pods of Hangar may request together, over all replicas.',
    note: NEW,
  }),
  budgetMemoryBytes: optional('HANGAR_BUDGET_MEMORY', BYTES, {
    section: 'hangar',
    description: 'Memory that all Pods of Hangar may request together, over all replicas.',
    note: NEW,
  }),
  budgetPods: optional('HANGAR_BUDGET_PODS', integer(1), {
    section: 'hangar',
    description: 'Pods of Hangar that may run at the same time, over all replicas.',
    note: NEW,
  }),
  budgetNodes: flag('HANGAR_BUDGET_NODES', {
    section: 'hangar',
    description:
      'Admit a stage only while a node has room for its Pod: allocatable CPU, memory and Pods minus the requests of all Pods of Hangar there, over all replicas. Only for nodes of a fixed number: no engine sees the stages that wait, so that none adds nodes for them. Needs the right to list and watch nodes.',
    note: NEW,
  }),
  budgetNodesReserveCpu: setting('HANGAR_BUDGET_NODES_RESERVE_CPU', CPU, 0, {
    section: 'hangar',
    description:
      'CPU of each node that `HANGAR_BUDGET_NODES` leaves to other Pods, such as those of DaemonSets: their requests are not read.',
    note: NEW,
  }),
  budgetNodesReserveMemory: setting('HANGAR_BUDGET_NODES_RESERVE_MEMORY', BYTES, 0, {
    section: 'hangar',
    description: 'Memory of each node that `HANGAR_BUDGET_NODES` leaves to other Pods.',
    note: NEW,
  }),
  budgetNodesReservePods: setting('HANGAR_BUDGET_NODES_RESERVE_PODS', integer(0), 0, {
    section: 'hangar',
    description: 'Number of other Pods on each node for which `HANGAR_BUDGET_NODES` leaves room.',
    note: NEW,
  }),
  waitLimitMs: optional('HANGAR_WAIT_LIMIT', DURATION, {
    section: 'hangar',
    description:
      'How long a stage may wait for admission before it fails. The Drone server itself gives up after a day.',
    note: NEW,
  }),
  lookAhead: optional('HANGAR_LOOK_AHEAD', integer(1), {
    section: 'hangar',
    description:
      'Number of stages that are accepted and wait, beyond the capacity. Empty: a fifth of the capacity, at least 2. Repositories take turns among these. Only this fleet can run an accepted stage, so a large number takes work away from other runners.',
    note: NEW,
  }),
  repositoryPipelines: optional('HANGAR_REPOSITORY_PIPELINES', integer(1), {
    section: 'hangar',
    description:
      'Pipelines of one repository that may run at the same time, over all replicas. Pipelines of other repositories are admitted first. Each replica counts the Pods that it sees and, unlike with a budget, reserves nothing: replicas that admit pipelines at the same moment can exceed the limit.',
    note: NEW,
  }),
  recordRetentionMs: setting('HANGAR_RECORD_RETENTION', DURATION, 172_800_000, {
    section: 'hangar',
    description:
      'How long the Pod and the record of an ended stage are kept while the Drone server does not accept its report; then they are removed. A runner that finds such a stage when it starts tries to report it for at least one hour.',
    note: NEW,
  }),
  keepFailedMs: optional('HANGAR_KEEP_FAILED', DURATION, {
    section: 'hangar',
    description:
      'How long the container of a failed step is kept for `kubectl exec`, such as `30m`. Its build is reported at once; its Pod counts in the budget. Empty: it is not kept. Not for pull requests of forks. Anyone who can open a shell in it can read the secrets of the step.',
    note: NEW,
  }),
  keepFailedMaxMs: optional('HANGAR_KEEP_FAILED_MAX', DURATION, {
    section: 'hangar',
    description:
      'Maximum that a build may choose instead of `HANGAR_KEEP_FAILED`, by a build parameter of that name. Empty: the parameter has no effect.',
    note: NEW,
  }),
  keepFailedPods: setting('HANGAR_KEEP_FAILED_PODS', integer(1), 1, {
    section: 'hangar',
    description:
      'Pods of one repository that are kept at the same time for `HANGAR_KEEP_FAILED`, over all replicas.',
    note: NEW,
  }),
  cache: optional('HANGAR_CACHE', CACHE_STORAGE, {
    section: 'hangar',
    description:
      'Where volumes of the kind `cache` are kept between builds: `claim:NAME`, a PersistentVolumeClaim in the namespace of the builds, or an absolute path on each node. It is mounted only into containers of Hangar, never into a step. Empty: such volumes start empty.',
    note: NEW,
  }),
  cacheSizeBytes: setting('HANGAR_CACHE_SIZE', atLeast(1, BYTES), 2 * GIB, {
    section: 'hangar',
    description: 'The largest cache that is saved, as one volume of one repository.',
    note: NEW,
  }),
  cacheTotalBytes: setting('HANGAR_CACHE_TOTAL_SIZE', BYTES, 50 * GIB, {
    section: 'hangar',
    description:
      'Size of all caches together, on a claim or on one node. After a build has saved a cache, those that were unused for the longest time are removed. 0: no limit but the storage itself.',
    note: NEW,
  }),
  cacheAgeMs: setting('HANGAR_CACHE_AGE', DURATION, 2_592_000_000, {
    section: 'hangar',
    description: 'A cache that no build has saved or confirmed for this time is removed.',
    note: NEW,
  }),
  cacheTimeoutMs: setting('HANGAR_CACHE_TIMEOUT', atLeast(1_000, DURATION), 600_000, {
    section: 'hangar',
    description:
      'Limit of the time in which the caches of a build are restored, and of that in which they are saved. An operation that takes longer is abandoned; the build continues.',
    note: NEW,
  }),
  schedulingTimeoutMs: optional('HANGAR_SCHEDULING_TIMEOUT', DURATION, {
    section: 'hangar',
    description:
      'How long a Pod may be unschedulable before its stage fails. Empty: the timeout of the repository.',
    note: NEW,
  }),
  imagePullPatienceMs: setting('HANGAR_IMAGE_PULL_PATIENCE', DURATION, 300_000, {
    section: 'hangar',
    description:
      'How long a registry may fail with transient errors before a stage that needs its image fails.',
    note: NEW,
  }),
  nodeLostPatienceMs: setting('HANGAR_NODE_LOST_PATIENCE', DURATION, 300_000, {
    section: 'hangar',
    description:
      'How long a node may be unreachable, or fail to create a container because it is overloaded, before its stages fail.',
    note: NEW,
  }),
  logLimitBytes: setting('HANGAR_LOG_LIMIT', atLeast(65_536, BYTES), 5_242_880, {
    section: 'hangar',
    description: 'Maximum size of the log of a step. Of a longer log, the beginning and the end are kept.',
    note: NEW,
  }),
  pipelineLimitBytes: setting('HANGAR_PIPELINE_LIMIT', atLeast(65_536, BYTES), 1_048_576, {
    section: 'hangar',
    description:
      'Maximum size of a pipeline file, before and after `${…}` substitution. The stage of a larger file fails at once.',
    note: NEW,
  }),
  logMemoryBytes: setting('HANGAR_LOG_MEMORY', atLeast(1_048_576, BYTES), 67_108_864, {
    section: 'hangar',
    description:
      'Memory for the logs of all running steps. Beyond it, parts of the logs are moved to a file in the temporary directory (TMPDIR).',
    note: NEW,
  }),
  leaseNamespace: text('HANGAR_LEASE_NAMESPACE', {
    section: 'hangar',
    description: "Namespace of the replica's Lease.",
    defaultText: "the runner's own namespace",
    note: NEW,
  }),
  leaseTermMs: setting('HANGAR_LEASE_TERM', atLeast(3_000, DURATION), 10_000, {
    section: 'hangar',
    description: 'How long a replica may fail to renew its Lease before others take over its stages.',
    note: NEW,
  }),
  coordination: setting('HANGAR_COORDINATION', oneOf('auto', 'leases', 'none'), 'auto', {
    section: 'hangar',
    description:
      '`leases`: replicas find each other by Leases, and take over from dead ones. `none`: replicas do not coordinate, as in the previous runner, and each one finishes its pipelines before it exits. `auto`: `leases` if the runner has all rights on Leases.',
    note: NEW,
  }),
  registryPlainHttp: list('HANGAR_REGISTRY_PLAIN_HTTP', {
    section: 'hangar',
    description: 'Registries (host[:port]) that are accessed without TLS. Loopback addresses always are.',
    note: NEW,
  }),
  privateRegistries: setting('HANGAR_PRIVATE_REGISTRIES', LIST, ['*'], {
    section: 'hangar',
    description:
      'Registries (host[:port], `*.domain`, or `*` for all) at private or loopback addresses in which the runner may look up the commands of images, in addition to those in `HANGAR_REGISTRY_PLAIN_HTTP`, `HANGAR_REGISTRY_MIRRORS` and in the credentials of the operator. `none`: no others. Link-local addresses, those of cloud metadata and the Kubernetes API server are never contacted.',
    note: NEW,
  }),
  registryMirrors: map('HANGAR_REGISTRY_MIRRORS', {
    section: 'hangar',
    description: 'Registry → mirror that is used instead, such as docker.io:mirror.acme.test.',
    note: NEW,
  }),
  imageCommands: text('HANGAR_IMAGE_COMMANDS', {
    section: 'hangar',
    description:
      'YAML or JSON file, image → `entrypoint` and `cmd`, for images whose registry cannot be reached.',
    note: NEW,
  }),
} satisfies Settings;

/** Plugins and credentials (`DRONE_*`). */
export const plugins = {
  secretEndpoint: text('DRONE_SECRET_PLUGIN_ENDPOINT', {
    section: 'plugins',
    description: 'Address of the secret plugin.',
  }),
  secretToken: text('DRONE_SECRET_PLUGIN_TOKEN', {
    section: 'plugins',
    description: 'Shared secret of the plugin.',
    secret: true,
  }),
  secretSkipVerify: flag('DRONE_SECRET_PLUGIN_SKIP_VERIFY', {
    section: 'plugins',
    description: 'Do not verify the TLS certificate of the plugin.',
  }),
  registryEndpoint: text('DRONE_REGISTRY_PLUGIN_ENDPOINT', {
    section: 'plugins',
    description: 'Address of the registry plugin.',
    legacyNames: ['DRONE_REGISTRY_ENDPOINT'],
  }),
  registryToken: text('DRONE_REGISTRY_PLUGIN_TOKEN', {
    section: 'plugins',
    description: 'Shared secret of the plugin.',
    secret: true,
    legacyNames: ['DRONE_REGISTRY_PLUGIN_SECRET', 'DRONE_REGISTRY_SECRET'],
  }),
  registrySkipVerify: flag('DRONE_REGISTRY_PLUGIN_SKIP_VERIFY', {
    section: 'plugins',
    description: 'Do not verify the TLS certificate of the plugin.',
  }),
  envEndpoint: text('DRONE_ENV_PLUGIN_ENDPOINT', {
    section: 'plugins',
    description: 'Address of the environment plugin.',
  }),
  envToken: text('DRONE_ENV_PLUGIN_TOKEN', {
    section: 'plugins',
    description: 'Shared secret of the plugin.',
    secret: true,
  }),
  envSkipVerify: flag('DRONE_ENV_PLUGIN_SKIP_VERIFY', {
    section: 'plugins',
    description: 'Do not verify the TLS certificate of the plugin.',
  }),
  dockerConfig: text('DRONE_DOCKER_CONFIG', {
    section: 'plugins',
    description: 'Docker `config.json` with registry credentials; read again for each pipeline.',
  }),
} satisfies Settings;

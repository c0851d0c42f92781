import { CONDITION_NAMES } from '../pipeline/pipeline.ts';
import type { Field, FieldKind } from './field-kinds.ts';
import { PLACEMENT_PARTS } from './placement-fields.ts';
import { SECURITY_PARTS } from './security-fields.ts';

export type { Field, FieldKind } from './field-kinds.ts';

const field = (kind: FieldKind, help: string): Field => ({ kind, help });
const ofServer = (kind: FieldKind, help: string): Field => ({ kind, help, support: 'server' });
const other = (): Field => ({
  kind: 'anything',
  help: 'A key of other Drone runners; ignored with a warning.',
  support: 'none',
});

/** Keys of other Drone runners (previous-runner §3.5). */
const UNSUPPORTED = {
  devices: other(),
  network_mode: other(),
  dns: other(),
  extra_hosts: other(),
  ports: other(),
  push: other(),
  build: other(),
  tmpfs: other(),
  shm_size: other(),
  matrix: other(),
};

const HEAD = {
  kind: field({ words: ['pipeline', 'secret', 'signature'] }, 'What the document is.'),
  type: field({ words: ['kubernetes'] }, 'Which runner the pipeline is for. Other types are skipped.'),
  version: field('text', 'No effect.'),
  name: field('text', 'Name of the pipeline, `default` if absent.'),
  depends_on: ofServer('texts', 'Pipelines that run before this one.'),
  node: ofServer('text map', 'Must be equal to `DRONE_RUNNER_LABELS` of the runner.'),
  concurrency: ofServer({ part: 'concurrency' }, 'Limits how many builds run this pipeline at once.'),
  platform: field({ part: 'platform' }, 'Operating system and architecture of the node.'),
};

const PIPELINE = {
  ...HEAD,
  trigger: ofServer('anything', 'Conditions of the whole pipeline.'),
  clone: field({ part: 'clone' }, 'The step that clones the repository.'),
  environment: field('text map', 'Variables of every step.'),
  resources: field({ part: 'resources' }, 'Requests of the whole Pod; limits belong to steps.'),
  services: field({ list: 'step' }, 'Containers that run beside the steps.'),
  steps: field({ list: 'step' }, 'The steps, in the order of the file or as a graph by `depends_on`.'),
  parallelism: field('whole', 'Maximum number of steps that run at the same time.'),
  volumes: field({ list: 'volume' }, 'Volumes that steps can mount.'),
  image_pull_secrets: field('texts', 'Names of Drone secrets, each with a Docker `config.json`.'),
  workspace: field({ part: 'workspace' }, 'Where the repository is cloned to.'),
  node_name: field('text', 'Name of the node that the Pod runs on.'),
  node_selector: field('text map', 'Labels that the node must have.'),
  service_account_name: field('text', 'Service account of the Pod; policies take precedence.'),
  metadata: field({ part: 'metadata' }, 'Namespace, labels and annotations of the Pod.'),
  priority_class_name: field('text', 'Priority class of the Pod.'),
  runtime_class_name: field('text', 'Runtime class of the Pod, such as one of gVisor or Kata Containers.'),
  tolerations: field({ list: 'toleration' }, 'Tolerations of the Pod.'),
  affinity: field({ part: 'affinity' }, 'Affinity to nodes and to other Pods, as in Kubernetes.'),
  topology_spread_constraints: field(
    { list: 'topology spread constraint' },
    'How Pods of builds are spread over nodes or zones.',
  ),
  security_context: field({ part: 'security context' }, 'Users, groups and profiles of the Pod.'),
  dns_policy: field(
    { words: ['ClusterFirst', 'Default', 'ClusterFirstWithHostNet', 'None'] },
    'Which DNS servers the Pod uses; `None` takes those of `dns_config` alone.',
  ),
  dns_config: field({ part: 'dns_config' }, 'DNS settings of the Pod.'),
  host_aliases: field({ list: 'host_alias' }, "Entries of the Pod's hosts file."),
  ...UNSUPPORTED,
};

const STEP = {
  name: field('text', 'Name of the step. Unique in the pipeline, at most 100 characters.'),
  image: field('text', "The container's image."),
  commands: field('texts', 'Shell commands, run as one script.'),
  entrypoint: field('texts', 'Command line that replaces the entrypoint of the image.'),
  command: field('texts', 'Arguments of the entrypoint.'),
  environment: field('variables', 'Variables: text, or `from_secret`.'),
  settings: field('settings', 'Settings of a plugin; each becomes a variable `PLUGIN_...`.'),
  detach: field('switch', 'The step counts as done as soon as it has started.'),
  depends_on: field('texts', 'Steps that run before this one; they must come before it in the file.'),
  failure: field(
    { words: ['ignore', 'fast', 'fast-fail', 'fail-fast'] },
    'What a failure of the step means for the pipeline.',
  ),
  when: field({ part: 'conditions' }, 'Conditions under which the step runs.'),
  pull: field({ words: ['always', 'never', 'if-not-exists'] }, 'When the image is pulled.'),
  privileged: field('switch', 'Runs privileged; trusted repositories only.'),
  resources: field(
    { part: 'step resources' },
    'Limits of the container, and requests with the modes `peak` and `steps`.',
  ),
  user: field('whole', 'Number of the user.'),
  group: field('whole', 'Number of the group.'),
  security_context: field({ part: 'step security context' }, 'Rights of the container.'),
  volumes: field({ list: 'mount' }, 'Volumes of the pipeline that the step mounts.'),
  working_dir: field('text', 'Directory of the step, relative to the workspace.'),
  timeout: field('span', 'Limit of one run of the step, which then fails with exit code 124; steps only.'),
  retry: field({ part: 'retry' }, 'Runs the step again after a failure; steps only.'),
  ready: field(
    { part: 'ready' },
    'How to check that a service is ready, which the steps that depend on it wait for; services and detached steps only.',
  ),
  ...UNSUPPORTED,
};

const condition = (name: string): Field =>
  field({ part: 'condition' }, name === 'paths' ? 'Read, without effect.' : `Globs for the ${name}.`);

const CONDITIONS = Object.fromEntries(CONDITION_NAMES.map((name) => [name, condition(name)])) as Readonly<
  Record<(typeof CONDITION_NAMES)[number], Field>
>;

/** All fields of a pipeline file by part: the parser, the linter's warnings, the JSON Schema and its page are made of this table. */
export const FIELDS = {
  document: HEAD,
  pipeline: PIPELINE,
  step: STEP,
  concurrency: { limit: ofServer('whole', 'Maximum number of concurrent builds.') },
  platform: {
    os: field('text', '`linux`, the default; `windows` is refused.'),
    arch: field('text', 'Architecture, such as `amd64` or `arm64`; also a node selector.'),
    variant: field('text', 'No effect.'),
    version: field('text', 'No effect.'),
  },
  clone: {
    disable: field('switch', 'No clone step.'),
    depth: field('whole', 'Number of commits that are fetched; all if absent.'),
    skip_verify: field('switch', 'Does not verify certificates.'),
    trace: field('switch', 'Logs what Git does.'),
    retries: field('whole', 'How often a failed clone is retried.'),
  },
  workspace: { path: field('text', 'Directory of the repository in every container.') },
  metadata: {
    namespace: field('text', 'Namespace of the Pod.'),
    labels: field('text map', 'Labels of the Pod.'),
    annotations: field('text map', 'Annotations of the Pod.'),
  },
  resources: {
    limits: field({ part: 'amount' }, 'Resource limits of the container.'),
    requests: field({ part: 'amount' }, 'Resource requests of the container.'),
  },
  'step resources': {
    limits: field({ part: 'step amount' }, 'Resource limits of the container.'),
    requests: field({ part: 'step amount' }, 'Resource requests of the container.'),
  },
  'step amount': {
    cpu: field('whole', 'Millicores.'),
    memory: field('bytes', 'Bytes, or text such as `512MiB`.'),
    ephemeral_storage: field(
      'bytes',
      'Bytes that the container may write outside of volumes, or text such as `2GiB`.',
    ),
  },
  amount: {
    cpu: field('whole', 'Millicores.'),
    memory: field('bytes', 'Bytes, or text such as `512MiB`.'),
  },
  conditions: CONDITIONS,
  condition: {
    include: field('texts', 'Globs of which one must match.'),
    exclude: field('texts', 'Globs of which none may match.'),
  },
  retry: {
    attempts: field('whole', 'Maximum number of runs, with the first: 2 to 10.'),
    exit_codes: field(
      'numbers',
      'Exit codes, 1 to 255 except 78, after which the step runs again; every failure if absent.',
    ),
    backoff: field(
      'span',
      'Pause before the second run, at most `60s`; it doubles with each further run, up to 60 s. `1s` if absent.',
    ),
  },
  ready: {
    tcp: field('whole', 'Port that must accept a connection.'),
    http: field({ part: 'http' }, 'HTTP request that must be answered with a status from 200 to 399.'),
    exec: field(
      'texts',
      'Command line, run in the container of the service, that must end with exit code 0.',
    ),
    timeout: field('span', 'After this time the service fails; `60s` if absent.'),
  },
  http: {
    port: field('whole', 'Port of the service.'),
    path: field('text', 'Path that begins with `/`; `/` if absent.'),
  },
  variable: {
    value: field('text', 'The text.'),
    from_secret: field('text', 'Name of a secret.'),
  },
  mount: {
    name: field('text', 'Name of a volume of the pipeline.'),
    path: field('text', 'Where it is mounted.'),
    sub_path: field('text', 'Directory of the volume, relative and without `..`.'),
  },
  volume: {
    name: field('text', 'Name that mounts refer to.'),
    temp: field({ part: 'temp' }, 'A new directory for each build.'),
    cache: field(
      { part: 'cache' },
      'A directory that keeps its files for the next builds of the repository; written as `cache: {}`.',
    ),
    host: field({ part: 'host' }, 'A path of the node; trusted repositories only.'),
    claim: field({ part: 'claim' }, 'A PersistentVolumeClaim; trusted repositories only.'),
    config_map: field({ part: 'config_map' }, 'A ConfigMap; trusted repositories only.'),
    secret: field({ part: 'secret volume' }, 'A Secret of the cluster; trusted repositories only.'),
  },
  temp: {
    medium: field('text', '`memory` keeps it in memory; trusted repositories only.'),
    size_limit: field('bytes', 'Maximum size in bytes, or text such as `1GiB`.'),
  },
  cache: {},
  host: { path: field('text', 'Directory, file or socket of the node.') },
  claim: {
    name: field('text', 'Name of the PersistentVolumeClaim.'),
    read_only: field('switch', 'Mounts it read-only.'),
  },
  config_map: {
    name: field('text', 'Name of the ConfigMap.'),
    default_mode: field('whole', 'Permissions of the files, such as 0644.'),
    optional: field('switch', 'The Pod starts even if it does not exist.'),
  },
  'secret volume': {
    name: field('text', 'Name of the Secret.'),
    default_mode: field('whole', 'Permissions of the files, such as 0644.'),
    optional: field('switch', 'The Pod starts even if it does not exist.'),
  },
  toleration: {
    key: field('text', 'Key of the taint.'),
    operator: field('text', '`Equal` (the default) or `Exists`.'),
    effect: field('text', '`NoSchedule`, `PreferNoSchedule` or `NoExecute`; all if absent.'),
    value: field('text', 'Value of the taint.'),
    toleration_seconds: field(
      'whole',
      'How long the Pod tolerates the taint; only with the effect `NoExecute`.',
    ),
    tolerationseconds: field('whole', 'The old spelling of `toleration_seconds`.'),
  },
  dns_config: {
    nameservers: field('texts', 'IP addresses.'),
    searches: field('texts', 'Search domains.'),
    options: field({ list: 'dns option' }, 'Options of the resolver.'),
  },
  'dns option': {
    name: field('text', 'Name of the option, such as `ndots`.'),
    value: field('text', 'Its value, if it has one.'),
  },
  host_alias: {
    ip: field('text', 'IP address.'),
    hostnames: field('texts', 'Host names of the address.'),
  },
  ...PLACEMENT_PARTS,
  ...SECURITY_PARTS,
  secret: {
    kind: field('text', '`secret`.'),
    name: field('text', 'Name for `from_secret`.'),
    data: field('text', 'The value, encrypted by the server.'),
    get: field({ part: 'get' }, 'Location of the value for the secret plugin.'),
    type: field('text', 'No effect.'),
    version: field('text', 'No effect.'),
  },
  get: {
    path: field('text', 'Path for the secret plugin.'),
    name: field('text', 'Name for the secret plugin.'),
    key: field('text', 'No effect.'),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Field>>>>;

/** A map of a pipeline file that has fields of its own. */
export type Part = keyof typeof FIELDS;

/** Parts whose unknown keys are errors: a key that is ignored there would change what the author relies on. */
export const STRICT_PARTS: readonly string[] = Object.keys({ ...PLACEMENT_PARTS, ...SECURITY_PARTS });

/** The keys of a part. */
export type KeyOf<P extends Part> = keyof (typeof FIELDS)[P] & string;

/** Names of extended resources, such as `nvidia.com/gpu`, among the amounts of a step. */
export const DEVICE_KEY = /^[^/]+\/[^/]+$/;

/** Keys that hold anchors for the rest of the file. */
export const ANCHOR_KEYS = /^[x.][-._]|^\.|^_/;

/** The fields of a part as data. */
export const fieldsOf = (part: string): Readonly<Record<string, Field>> | undefined =>
  Object.hasOwn(FIELDS, part)
    ? (FIELDS as Readonly<Record<string, Readonly<Record<string, Field>>>>)[part]
    : undefined;

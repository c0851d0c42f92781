import { type Settings, setting } from '@hangar/shared/config';
import { BYTES, DECIMAL, integer, oneOf } from '@hangar/shared/config-values';
import { hangar, plugins } from './hangar-settings.ts';
import { restrictions } from './restriction-settings.ts';
import { flag, list, map, text } from './setting-kinds.ts';

const MILLICORES = { unit: 'millicores' };

const server = {
  rpcHost: text('DRONE_RPC_HOST', {
    section: 'server',
    description: 'Host of the Drone server, with port and path prefix if any.',
    required: true,
  }),
  rpcProto: setting('DRONE_RPC_PROTO', oneOf('http', 'https'), 'http', {
    section: 'server',
    description: 'Scheme of the Drone server.',
  }),
  rpcSecret: text('DRONE_RPC_SECRET', {
    section: 'server',
    description: 'Shared secret, identical to the one of the server.',
    required: true,
    secret: true,
  }),
  rpcSkipVerify: flag('DRONE_RPC_SKIP_VERIFY', {
    section: 'server',
    description: 'Do not verify the TLS certificate of the server.',
  }),
  rpcDump: flag('DRONE_RPC_DUMP_HTTP', {
    section: 'server',
    description: 'Log the headers of requests and responses.',
    note: 'the token is removed',
  }),
  rpcDumpBody: flag('DRONE_RPC_DUMP_HTTP_BODY', {
    section: 'server',
    description: 'Log the bodies too. Requires `DRONE_RPC_DUMP_HTTP`.',
    note: 'secrets are removed',
  }),
} satisfies Settings;

const process = {
  debug: flag('DRONE_DEBUG', { section: 'process', description: 'Log level debug.' }),
  trace: flag('DRONE_TRACE', { section: 'process', description: 'Log level trace. Overrides debug.' }),
  listen: text(
    'DRONE_SERVER_PORT',
    {
      section: 'process',
      description: 'Listen address of the HTTP server, `host:port` or `:port`.',
      note: 'a bare port is accepted too; the value that Kubernetes injects for a Service called drone-server (tcp://…) is ignored',
    },
    ':3000',
  ),
  uiDisable: flag('DRONE_UI_DISABLE', {
    section: 'process',
    description: 'Do not serve the dashboard.',
    note: 'had no effect in the previous runner',
  }),
  uiUser: text('DRONE_UI_USERNAME', { section: 'process', description: 'User name for the dashboard.' }),
  uiPassword: text('DRONE_UI_PASSWORD', {
    section: 'process',
    description:
      'Password of the dashboard, which shows pipelines and their logs; without one there is no dashboard.',
    secret: true,
  }),
  uiRealm: text(
    'DRONE_UI_REALM',
    { section: 'process', description: 'Realm of the basic authentication.' },
    'MyRealm',
  ),
} satisfies Settings;

const runner = {
  name: text('DRONE_RUNNER_NAME', {
    section: 'runner',
    description: 'Machine name that is sent to the server. It must be unique among replicas.',
    defaultText: '$POD_NAME or host name',
  }),
  capacity: setting('DRONE_RUNNER_CAPACITY', integer(), 100, {
    section: 'runner',
    description:
      'Maximum number of stages that one replica runs at the same time. 0: the replica accepts none.',
  }),
  labels: map('DRONE_RUNNER_LABELS', {
    section: 'runner',
    description: 'The runner accepts only stages whose `node` map equals these labels.',
  }),
  limitRepos: list('DRONE_LIMIT_REPOS', {
    section: 'runner',
    description: 'Globs of repository slugs that may run here. Empty: all. `*` does not match `/`.',
  }),
  limitEvents: list('DRONE_LIMIT_EVENTS', {
    section: 'runner',
    description: 'Globs of events that may run here. Empty: all.',
  }),
  limitTrusted: flag('DRONE_LIMIT_TRUSTED', {
    section: 'runner',
    description: 'Only trusted repositories may run here.',
  }),
  environ: map('DRONE_RUNNER_ENVIRON', {
    section: 'runner',
    description: 'Environment variables for every step and for `${}` substitution.',
    secret: true,
  }),
  envFile: text('DRONE_RUNNER_ENV_FILE', {
    section: 'runner',
    description: 'Dotenv file whose entries override `DRONE_RUNNER_ENVIRON`.',
  }),
  secrets: map('DRONE_RUNNER_SECRETS', {
    section: 'runner',
    description: 'Secrets by name, for all repositories. They are never available to pull requests.',
    secret: true,
  }),
  cards: text(
    'DRONE_FLAG_ENABLE_CARDS',
    { section: 'runner', description: '`false` (exactly) leaves cards in the log.' },
    'true',
  ),
} satisfies Settings;

const kubernetes = {
  kubeconfig: text('DRONE_KUBERNETES_CONFIG', {
    section: 'kubernetes',
    description: 'Path of a kubeconfig.',
    defaultText: 'in-cluster credentials',
  }),
  qps: setting('DRONE_KUBE_CLIENT_QPS', DECIMAL, 50, {
    section: 'kubernetes',
    description: 'Kubernetes API calls per second, excluding watches and logs.',
    unit: '1/s',
    note: 'the previous default was 5; 0 means the default',
  }),
  burst: setting('DRONE_KUBE_CLIENT_BURST', integer(), 100, {
    section: 'kubernetes',
    description: 'Maximum burst of Kubernetes API writes.',
    note: 'the previous default was 10; 0 means the default',
  }),
  namespace: text(
    'DRONE_NAMESPACE_DEFAULT',
    {
      section: 'kubernetes',
      description:
        'Namespace of Pods whose pipeline does not set one. `drone-`: a new namespace for each pipeline.',
    },
    'default',
  ),
  namespaceRules: map('DRONE_NAMESPACE_RULES', {
    section: 'kubernetes',
    description: 'Namespace → glob of repository slugs that may use it.',
  }),
  namespaceRulesFile: text('DRONE_NAMESPACE_RULES_FILE', {
    section: 'kubernetes',
    description: 'YAML file, namespace → list of globs. `DRONE_NAMESPACE_RULES` overrides its entries.',
  }),
  startTimeoutSeconds: setting('DRONE_ENGINE_CONTAINER_START_TIMEOUT', integer(), 480, {
    section: 'kubernetes',
    description: 'How long a container may take to start once its Pod has a node.',
    unit: 's',
    note: 'the previous runner included scheduling and scale-up; see HANGAR_SCHEDULING_TIMEOUT. Values below 1 count as 1',
  }),
} satisfies Settings;

const pods = {
  cloneImage: text(
    'DRONE_IMAGE_CLONE',
    { section: 'pods', description: 'Image of the clone step, used verbatim.' },
    'drone/git:latest',
  ),
  placeholderImage: text('DRONE_IMAGE_PLACEHOLDER', {
    section: 'pods',
    description: 'Placeholder image of a swapped step.',
    defaultText: 'HANGAR_GATE_IMAGE',
    note: 'the previous default was drone/placeholder:1',
  }),
  volumes: map('DRONE_RUNNER_VOLUMES', {
    section: 'pods',
    description: 'Host path → path in every step. The suffix `:ro` makes the mount read-only.',
  }),
  privilegedImages: list('DRONE_RUNNER_PRIVILEGED_IMAGES', {
    section: 'pods',
    description: 'Images that run privileged, in addition to the five built-in ones.',
  }),
  netrcCloneOnly: flag('DRONE_NETRC_CLONE_ONLY', {
    section: 'pods',
    description: 'Only the clone step receives the Git credentials.',
  }),
  limitCpu: setting('DRONE_RESOURCE_LIMIT_CPU', integer(), 0, {
    section: 'pods',
    description: 'CPU limit of each container. 0: none.',
    ...MILLICORES,
  }),
  limitMemory: setting('DRONE_RESOURCE_LIMIT_MEMORY', BYTES, 0, {
    section: 'pods',
    description: 'Memory limit of each container. 0: none.',
  }),
  requestCpu: setting('DRONE_RESOURCE_REQUEST_CPU', integer(), 100, {
    section: 'pods',
    description: 'CPU request of the whole Pod.',
    ...MILLICORES,
  }),
  requestMemory: setting('DRONE_RESOURCE_REQUEST_MEMORY', BYTES, 104_857_600, {
    section: 'pods',
    description: 'Memory request of the whole Pod.',
  }),
  minRequestCpu: setting('DRONE_RESOURCE_MIN_REQUEST_CPU', integer(), 1, {
    section: 'pods',
    description: 'Minimum CPU request of a container.',
    ...MILLICORES,
  }),
  minRequestMemory: setting('DRONE_RESOURCE_MIN_REQUEST_MEMORY', BYTES, 4_194_304, {
    section: 'pods',
    description: 'Minimum memory request of a container.',
  }),
  serviceAccount: text('DRONE_SERVICE_ACCOUNT_DEFAULT', {
    section: 'pods',
    description: 'Service account of Pods whose pipeline does not set one.',
  }),
  nodeSelector: map('DRONE_NODE_SELECTOR_DEFAULT', {
    section: 'pods',
    description: 'Node selector of Pods whose pipeline does not set one.',
  }),
  annotations: map('DRONE_ANNOTATIONS_DEFAULT', {
    section: 'pods',
    description: 'Annotations of every Pod. Those of the pipeline take precedence.',
  }),
  podLabels: map('DRONE_LABELS_DEFAULT', {
    section: 'pods',
    description: 'Labels of every Pod. Those of the pipeline take precedence.',
  }),
  policyFile: text('DRONE_POLICY_FILE', {
    section: 'pods',
    description: 'YAML file of policies.',
    note: 'unknown keys are reported at start',
  }),
  tmateEnabled: flag(
    'DRONE_TMATE_ENABLED',
    { section: 'pods', description: 'Debug sessions for builds with the debug flag.' },
    true,
  ),
  tmateImage: text(
    'DRONE_TMATE_IMAGE',
    { section: 'pods', description: 'Image that carries tmate.' },
    'drone/drone-runner-docker:1',
  ),
  tmateHost: text('DRONE_TMATE_HOST', { section: 'pods', description: 'Host of your own tmate server.' }),
  tmatePort: text('DRONE_TMATE_PORT', { section: 'pods', description: 'Port of your own tmate server.' }),
  tmateRsa: text('DRONE_TMATE_FINGERPRINT_RSA', {
    section: 'pods',
    description: 'RSA host key of your own tmate server.',
  }),
  tmateEd25519: text('DRONE_TMATE_FINGERPRINT_ED25519', {
    section: 'pods',
    description: 'Ed25519 host key of your own tmate server.',
  }),
} satisfies Settings;

/** All settings of the runner: the only list for parsing the environment and for documentation. */
export const SETTINGS = {
  ...server,
  ...process,
  ...runner,
  ...kubernetes,
  ...pods,
  ...plugins,
  ...hangar,
  ...restrictions,
};

/** Proxy variables; the upper-case spelling is read first (previous-runner §1.5). */
export const PROXY_NAMES = ['no_proxy', 'http_proxy', 'https_proxy', 'all_proxy'] as const;

/** Variables that are often set but have no effect; reported with the reason at start and in the documentation (previous-runner §1.4). */
export const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  DRONE_HTTP_BIND: 'the previous runner did not read it either; the listen address is DRONE_SERVER_PORT',
  DRONE_HTTP_HOST: 'the previous runner did not read it either',
  DRONE_HTTP_PROTO: 'the previous runner did not read it either',
  DRONE_SERVER_PROTO: 'the HTTP server does not support TLS',
  DRONE_SERVER_HOST: 'it is not needed; the listen address is DRONE_SERVER_PORT',
  DRONE_SERVER_ACME: 'the HTTP server does not support TLS; use a reverse proxy',
  DRONE_RUNNER_DEVICES: 'devices are not supported in Pods',
  DRONE_RUNNER_CLONE_IMAGE: 'its name is DRONE_IMAGE_CLONE',
  DRONE_RUNNER_MAX_PROCS:
    'steps are started inside their Pod, where a limit for all Pods cannot apply; use HANGAR_BUDGET_CPU or resource requests',
  DRONE_ENGINE_CONTAINER_TIME_TO_WAIT_FOR_LOGS: 'logs are opened early and are resumed',
};

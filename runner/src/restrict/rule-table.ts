import type { AmountRule, NameRule, RuleName } from './restrictions.ts';

/** How the value of a rule is written: globs, or only `any` or `none`. */
export type NameKind = 'names' | 'switch';
/** How a maximum is written. */
export type AmountKind = 'cpu' | 'bytes';
export type RuleKind = NameKind | AmountKind;

/** One rule, for the settings, the policy file, the doctor, the chart and the documents. */
export interface RuleInfo<K extends RuleKind = RuleKind> {
  readonly setting: string;
  readonly kind: K;
  /** What the rule is about. */
  readonly subject: string;
  /** What its values mean, beyond the subject. */
  readonly details: string;
  /** The chart's default, as the setting is written; undefined: the chart derives it from its other values. */
  readonly chartDefault: string | undefined;
  /** The previous runner has no such choice. `closed`: an upgrade must not give it to untrusted builds; `open`: another setting turns it on. */
  readonly sinceHangar?: 'closed' | 'open';
}

const CLOSED = 'none';

/** Rules for names, in the order of the documents. */
export const NAME_RULES: Readonly<Record<NameRule, RuleInfo<NameKind>>> = {
  serviceAccounts: {
    setting: 'HANGAR_UNTRUSTED_SERVICE_ACCOUNTS',
    kind: 'names',
    subject: 'service accounts that a pipeline may name',
    details: "The runner's own account is never allowed.",
    chartDefault: CLOSED,
  },
  namespaces: {
    setting: 'HANGAR_UNTRUSTED_NAMESPACES',
    kind: 'names',
    subject: 'namespaces that a pipeline may name, in addition to the default one',
    details:
      'Never `kube-*`, nor the namespace of the Leases. If DRONE_NAMESPACE_DEFAULT is `drone-`, the default is the namespaces of the namespace rules.',
    chartDefault: undefined,
  },
  nodes: {
    setting: 'HANGAR_UNTRUSTED_NODES',
    kind: 'names',
    subject: 'nodes that a pipeline may name (`node_name`, or `metadata.name` in its node affinity)',
    details: '',
    chartDefault: CLOSED,
  },
  nodeSelectors: {
    setting: 'HANGAR_UNTRUSTED_NODE_SELECTORS',
    kind: 'names',
    subject: 'node selectors and node affinity of pipelines, as `key=value`',
    details:
      'Affinity with an operator other than `In` needs a rule that allows every value of the key. Unless it is `any`, DRONE_NODE_SELECTOR_DEFAULT applies as well.',
    chartDefault: 'fork:none,ordinary:kubernetes.io/arch=* kubernetes.io/os=*',
  },
  tolerations: {
    setting: 'HANGAR_UNTRUSTED_TOLERATIONS',
    kind: 'names',
    subject: 'keys of tolerations of pipelines',
    details: '`*` stands for a toleration without a key.',
    chartDefault: CLOSED,
  },
  podAffinity: {
    setting: 'HANGAR_UNTRUSTED_POD_AFFINITY',
    kind: 'names',
    subject: 'topology keys of affinity and anti-affinity of pipelines to other Pods',
    details:
      '`*` does not match `/`. Required anti-affinity keeps other Pods off whole topologies while the build runs.',
    chartDefault: CLOSED,
    sinceHangar: 'closed',
  },
  topologySpread: {
    setting: 'HANGAR_UNTRUSTED_TOPOLOGY_SPREAD',
    kind: 'names',
    subject: 'topology keys of spread constraints of pipelines',
    details: '`*` does not match `/`.',
    chartDefault: CLOSED,
    sinceHangar: 'closed',
  },
  priorityClasses: {
    setting: 'HANGAR_UNTRUSTED_PRIORITY_CLASSES',
    kind: 'names',
    subject: 'priority classes that a pipeline may name',
    details: 'Never `system-*`.',
    chartDefault: CLOSED,
    sinceHangar: 'closed',
  },
  runtimeClasses: {
    setting: 'HANGAR_UNTRUSTED_RUNTIME_CLASSES',
    kind: 'names',
    subject: 'runtime classes that a pipeline may name',
    details: '',
    chartDefault: CLOSED,
    sinceHangar: 'closed',
  },
  extendedResources: {
    setting: 'HANGAR_UNTRUSTED_EXTENDED_RESOURCES',
    kind: 'names',
    subject: 'extended resources that a step may take, such as `nvidia.com/gpu`',
    details: '`*` does not match `/`.',
    chartDefault: CLOSED,
    sinceHangar: 'closed',
  },
  labels: {
    setting: 'HANGAR_UNTRUSTED_LABELS',
    kind: 'names',
    subject: 'keys of labels that a pipeline may set',
    details: '`*` does not match `/`.',
    chartDefault: CLOSED,
  },
  annotations: {
    setting: 'HANGAR_UNTRUSTED_ANNOTATIONS',
    kind: 'names',
    subject: 'keys of annotations that a pipeline may set',
    details: 'Those of `hangar.dev/` are always allowed.',
    chartDefault: CLOSED,
  },
  root: {
    setting: 'HANGAR_UNTRUSTED_ROOT',
    kind: 'switch',
    subject: 'whether a pipeline may set user or group 0',
    details: 'The user of an image can still be root, see HANGAR_RUN_AS_USER.',
    chartDefault: CLOSED,
  },
  capabilities: {
    setting: 'HANGAR_UNTRUSTED_CAPABILITIES',
    kind: 'names',
    subject: 'capabilities that a step may add, such as `NET_ADMIN`',
    details: 'Dropping capabilities is always allowed.',
    chartDefault: CLOSED,
    sinceHangar: 'closed',
  },
  securityProfiles: {
    setting: 'HANGAR_UNTRUSTED_SECURITY_PROFILES',
    kind: 'names',
    subject: 'seccomp and AppArmor profiles that a pipeline may set, as `Unconfined` or `Localhost:NAME`',
    details:
      '`RuntimeDefault` is always allowed, and `Unconfined` never with HANGAR_HARDENING=restricted. `*` does not match `/`.',
    chartDefault: CLOSED,
    sinceHangar: 'closed',
  },
  caches: {
    setting: 'HANGAR_UNTRUSTED_CACHES',
    kind: 'names',
    subject: 'names of volumes of the kind `cache`',
    details:
      'Without HANGAR_CACHE there are none. A pull request from a fork reads those of its base, and saves none.',
    chartDefault: 'any',
    sinceHangar: 'open',
  },
  hostAccess: {
    setting: 'HANGAR_UNTRUSTED_HOST_ACCESS',
    kind: 'switch',
    subject:
      'whether a pull request from a fork of a trusted repository may have privileged steps, and volumes of the host, claims, config maps, Secrets and memory',
    details: 'In untrusted repositories this is never allowed.',
    chartDefault: CLOSED,
  },
  privilegedImages: {
    setting: 'HANGAR_PRIVILEGED_IMAGES',
    kind: 'names',
    subject: 'images that run privileged without `privileged: true` in their step',
    details:
      'An image with a tag or digest matches only that tag or digest. `any`: the five built in, and DRONE_RUNNER_PRIVILEGED_IMAGES.',
    chartDefault: CLOSED,
  },
  privilegedEnvironment: {
    setting: 'HANGAR_PRIVILEGED_ENVIRONMENT',
    kind: 'names',
    subject: 'variables that a pipeline may set on a step with such an image',
    details:
      "Always allowed: DRONE_*, CI, CI_*, PLUGIN_*, proxies, the step's DOCKER_*. Never: what changes how programs are loaded or found, such as LD_*, PATH, HOME and BASH_ENV. `any` allows others with a warning. A `workspace.path` outside of /drone needs `workspace.path`.",
    chartDefault: CLOSED,
  },
};

/** Rules for amounts. */
export const AMOUNT_RULES: Readonly<Record<AmountRule, RuleInfo<AmountKind>>> = {
  requestCpu: {
    setting: 'HANGAR_MAX_REQUEST_CPU',
    kind: 'cpu',
    subject: 'the most CPU that the Pod of a pipeline may request',
    details: 'What a policy or DRONE_RESOURCE_REQUEST_CPU sets is always allowed.',
    chartDefault: 'fork:4,ordinary:16',
  },
  requestMemory: {
    setting: 'HANGAR_MAX_REQUEST_MEMORY',
    kind: 'bytes',
    subject: 'the most memory that the Pod of a pipeline may request',
    details: 'What a policy or DRONE_RESOURCE_REQUEST_MEMORY sets is always allowed.',
    chartDefault: 'fork:8Gi,ordinary:64Gi',
  },
  volumeSize: {
    setting: 'HANGAR_MAX_VOLUME_SIZE',
    kind: 'bytes',
    subject: 'the largest `size_limit` of a temporary volume',
    details: 'Also the limit of the workspace and of temporary volumes without one.',
    chartDefault: 'fork:20Gi,ordinary:50Gi',
  },
  ephemeralStorage: {
    setting: 'HANGAR_MAX_EPHEMERAL_STORAGE',
    kind: 'bytes',
    subject: 'the most ephemeral storage that a container may have',
    details:
      'Also the limit of containers without one. Kubernetes evicts a Pod that writes more than the sum of the limits of its containers.',
    chartDefault: 'fork:20Gi,ordinary:50Gi',
  },
};

/** All rules. */
export const RULES: Readonly<Record<RuleName, RuleInfo>> = { ...NAME_RULES, ...AMOUNT_RULES };

/** The names of all rules. */
export const RULE_NAMES = Object.keys(RULES) as readonly RuleName[];

/** The key of a rule in the policy file: `service_accounts`, `max_request_cpu`. Pure. */
export const fileKey = (name: RuleName): string =>
  RULES[name].setting.replace(/^HANGAR_(UNTRUSTED_)?/, '').toLowerCase();

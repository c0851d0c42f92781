import { RESTORE, SAVE } from '../../compile/cache-steps.ts';
import { PREFERRED } from '../../parse/read-affinity.ts';
import type {
  Amount,
  FieldPath,
  Pipeline,
  PipelineStep,
  PipelineVolume,
  Toleration,
} from '../../pipeline/pipeline.ts';

type Security = NonNullable<Pipeline['security'] & PipelineStep['security']>;

const NOTHING: Amount = { cpuMillicores: 0, memoryBytes: 0 };
const NO_STORAGE: PipelineStep['storage'] = { requestBytes: 0, limitBytes: 0 };

/** For each field of a step that can be refused: a value that never is. */
const STEP_REPAIRS: Readonly<Record<string, Partial<PipelineStep>>> = {
  image: { image: 'x', commands: ['x'] },
  volumes: { volumes: [] },
  depends_on: { dependsOn: [] },
  user: { user: undefined },
  group: { group: undefined },
  privileged: { privileged: false },
  environment: { environment: {} },
};

/** The same for each resource of a step, and for those that it names itself. */
const RESOURCE_REPAIRS: Readonly<Record<string, Partial<PipelineStep>>> = {
  cpu: { requests: NOTHING, limits: NOTHING },
  memory: { requests: NOTHING, limits: NOTHING },
  ephemeral_storage: { storage: NO_STORAGE },
};
const NO_DEVICES: Partial<PipelineStep> = { devices: {} };

/** The same for the security context of a pipeline or a step. */
const SECURITY_REPAIRS: Readonly<Record<string, Partial<Security>>> = {
  run_as_user: { user: undefined },
  run_as_group: { group: undefined },
  run_as_non_root: { nonRoot: undefined },
  fs_group: { fsGroup: undefined },
  supplemental_groups: { supplementalGroups: [] },
  allow_privilege_escalation: { escalation: undefined },
  capabilities: { addCapabilities: [], dropCapabilities: [] },
  seccomp_profile: { seccomp: undefined },
  app_armor_profile: { appArmor: undefined },
};

/** The same for the fields of a pipeline. */
const PIPELINE_REPAIRS: Readonly<Record<string, Partial<Pipeline>>> = {
  topology_spread_constraints: { topologySpread: [] },
  dns_policy: { dnsPolicy: '' },
  node_name: { nodeName: '' },
  node_selector: { nodeSelector: {} },
  priority_class_name: { priorityClassName: '' },
  runtime_class_name: { runtimeClassName: '' },
  service_account_name: { serviceAccountName: '' },
  workspace: { workspacePath: '' },
  environment: { environment: {} },
  resources: { requests: NOTHING, limits: NOTHING },
};

const NO_ALIAS: Pipeline['hostAliases'][number] = { ip: '127.0.0.1', hostnames: [] };
const ANY_TAINT: Toleration = {
  key: '',
  operator: 'Exists',
  effect: '',
  value: '',
  tolerationSeconds: undefined,
};

/** Undefined if there is no value that would pass. */
function stepChange(
  { security, volumes }: PipelineStep,
  [field, item, last]: FieldPath,
): Partial<PipelineStep> | undefined {
  if (field === 'security_context') return { security: withoutRight(security, item) };
  if (field === 'resources') return ownOf(RESOURCE_REPAIRS, last) ?? NO_DEVICES;
  if (field === 'volumes' && typeof item === 'number') return { volumes: withoutMount(volumes, item) };
  return ownOf(STEP_REPAIRS, field);
}

const withoutRight = <T>(security: T | undefined, field: FieldPath[number] | undefined): T | undefined =>
  security && { ...security, ...ownOf(SECURITY_REPAIRS, field) };

/** Some keys are names by the author. */
const ownOf = <T>(repairs: Readonly<Record<string, T>>, key: FieldPath[number] | undefined): T | undefined =>
  Object.hasOwn(repairs, String(key)) ? repairs[String(key)] : undefined;

/** The others keep their numbers in the file. */
const withoutMount = (mounts: PipelineStep['volumes'], item: number): PipelineStep['volumes'] =>
  mounts
    .map((mount, index) => ({ ...mount, index: mount.index ?? index }))
    .filter(({ index }) => index !== item);

/** Without the requirements or the preferences of one part. */
function withoutTerms(
  affinity: Pipeline['affinity'],
  part: string,
  field: FieldPath[number] | undefined,
): Pipeline['affinity'] {
  if (affinity === undefined) return undefined;
  const isPreferred = field === PREFERRED;
  const { nodes, pods, antiPods } = affinity;
  if (part === 'node_affinity')
    return {
      ...affinity,
      nodes: { ...nodes, ...(isPreferred ? { preferred: [] } : { required: undefined }) },
    };
  const without = isPreferred ? { preferred: [] } : { required: [] };
  return part === 'pod_affinity'
    ? { ...affinity, pods: { ...pods, ...without } }
    : { ...affinity, antiPods: { ...antiPods, ...without } };
}

const temporary = ({ name }: PipelineVolume): PipelineVolume => ({
  name,
  kind: 'temp',
  medium: '',
  sizeLimitBytes: 0,
});

/** Some fields without the one part that is refused. */
function repairedPart(pipeline: Pipeline, [key, part, last]: FieldPath): Partial<Pipeline> | undefined {
  const { metadata, security, affinity, platform, dnsConfig } = pipeline;
  const name = String(part);
  if (key === 'metadata') return { metadata: { ...metadata, [name]: name === 'namespace' ? '' : {} } };
  if (key === 'security_context') return { security: withoutRight(security, part) };
  if (key === 'affinity') return { affinity: withoutTerms(affinity, name, last) };
  // Refused as the label of nodes that it selects.
  if (key === 'platform') return { platform: { ...platform, [name.replace('kubernetes.io/', '')]: '' } };
  if (key === 'dns_config') return { dnsConfig: { ...dnsConfig, [name]: [] } };
  return undefined;
}

/** The one refused part or item of some fields, the whole value of others. */
function repairedField(pipeline: Pipeline, at: FieldPath): Partial<Pipeline> | undefined {
  const [key, item] = at;
  if (key === 'host_aliases')
    return { hostAliases: pipeline.hostAliases.map((one, index) => (index === item ? NO_ALIAS : one)) };
  if (key === 'tolerations')
    return { tolerations: pipeline.tolerations.map((one, index) => (index === item ? ANY_TAINT : one)) };
  if (key === 'volumes')
    return { volumes: pipeline.volumes.map((one) => (one.at?.[1] === item ? temporary(one) : one)) };
  return repairedPart(pipeline, at) ?? PIPELINE_REPAIRS[String(key)];
}

/**
 * A pipeline without the value that is refused, so that a check finds the next one; undefined if there is no value that would pass.
 * Pure.
 */
export function repaired(pipeline: Pipeline, at: FieldPath): Pipeline | undefined {
  const [key, index, ...rest] = at;
  if (key !== 'steps' && key !== 'services') {
    const change = repairedField(pipeline, at);
    return change === undefined ? undefined : { ...pipeline, ...change };
  }
  const refused = pipeline[key].find((step) => step.at?.[0] === key && step.at[1] === index);
  if (refused === undefined) return undefined;
  if (rest[0] === 'name' && CACHE_STEPS.includes(refused.name)) return withoutCaches(pipeline);
  const change = stepChange(refused, rest);
  if (change === undefined) return undefined;
  return {
    ...pipeline,
    [key]: pipeline[key].map((step) => (step === refused ? { ...step, ...change } : step)),
  };
}

/** These names are refused only beside a cache. */
const CACHE_STEPS: readonly string[] = [RESTORE, SAVE];
const withoutCaches = (pipeline: Pipeline): Pipeline => ({
  ...pipeline,
  volumes: pipeline.volumes.map((one) => (one.kind === 'cache' ? temporary(one) : one)),
});

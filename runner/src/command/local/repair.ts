import type {
  Amount,
  FieldPath,
  Pipeline,
  PipelineStep,
  PipelineVolume,
  Toleration,
} from '../../pipeline/pipeline.ts';

const NOTHING: Amount = { cpuMillicores: 0, memoryBytes: 0 };
const NO_STORAGE: PipelineStep['storage'] = { requestBytes: 0, limitBytes: 0 };

/** For each field of a step that can be refused: a value that never is. */
const STEP_REPAIRS: Readonly<Record<string, Partial<PipelineStep>>> = {
  image: { image: 'x', commands: ['x'] },
  volumes: { volumes: [] },
  depends_on: { dependsOn: [] },
  user: { user: undefined },
  group: { group: undefined },
  security_context: { security: undefined },
  privileged: { privileged: false },
  environment: { environment: {} },
  resources: { requests: NOTHING, limits: NOTHING, storage: NO_STORAGE, devices: {} },
};

/** The same for the fields of a pipeline. */
const PIPELINE_REPAIRS: Readonly<Record<string, Partial<Pipeline>>> = {
  affinity: { affinity: undefined },
  security_context: { security: undefined },
  topology_spread_constraints: { topologySpread: [] },
  dns_policy: { dnsPolicy: '' },
  node_name: { nodeName: '' },
  node_selector: { nodeSelector: {} },
  platform: { platform: { os: '', arch: '', variant: '', version: '' } },
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

const repairedSteps = (
  steps: readonly PipelineStep[],
  [key, index, field, item]: FieldPath,
): PipelineStep[] =>
  steps.map((step) => {
    if (step.at?.[0] !== key || step.at?.[1] !== index) return step;
    if (field === 'volumes' && typeof item === 'number')
      return { ...step, volumes: withoutMount(step.volumes, item) };
    return { ...step, ...STEP_REPAIRS[String(field)] };
  });

/** The others keep their numbers in the file. */
const withoutMount = (mounts: PipelineStep['volumes'], item: number): PipelineStep['volumes'] =>
  mounts
    .map((mount, index) => ({ ...mount, index: mount.index ?? index }))
    .filter(({ index }) => index !== item);

const temporary = ({ name }: PipelineVolume): PipelineVolume => ({
  name,
  kind: 'temp',
  medium: '',
  sizeLimitBytes: 0,
});

/** The one refused item of some lists, the whole value of other fields. */
function repairedField(pipeline: Pipeline, [key = '', item]: FieldPath): Partial<Pipeline> | undefined {
  if (key === 'metadata') {
    const { metadata } = pipeline;
    return { metadata: { ...metadata, [String(item)]: item === 'namespace' ? '' : {} } };
  }
  if (key === 'dns_config') return { dnsConfig: { ...pipeline.dnsConfig, [String(item)]: [] } };
  if (key === 'host_aliases')
    return { hostAliases: pipeline.hostAliases.map((one, index) => (index === item ? NO_ALIAS : one)) };
  if (key === 'tolerations')
    return { tolerations: pipeline.tolerations.map((one, index) => (index === item ? ANY_TAINT : one)) };
  if (key === 'volumes')
    return { volumes: pipeline.volumes.map((one) => (one.at?.[1] === item ? temporary(one) : one)) };
  return PIPELINE_REPAIRS[String(key)];
}

/**
 * A pipeline without the value that is refused, so that a check finds the next one; undefined if there is no value that would pass.
 * Pure.
 */
export function repaired(pipeline: Pipeline, at: FieldPath): Pipeline | undefined {
  const [key, index, field] = at;
  if (key !== 'steps' && key !== 'services') {
    const change = repairedField(pipeline, at);
    return change === undefined ? undefined : { ...pipeline, ...change };
  }
  if (typeof index !== 'number' || !Object.hasOwn(STEP_REPAIRS, String(field))) return undefined;
  return { ...pipeline, [key]: repairedSteps(pipeline[key], at) };
}

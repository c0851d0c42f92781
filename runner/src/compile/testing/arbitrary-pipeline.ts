import fc from 'fast-check';
import { type Field, fieldsOf } from '../../parse/fields.ts';
import { podSecurities, stepSecurities } from './arbitrary-security.ts';

type Any = fc.Arbitrary<unknown>;

/** Mostly what is allowed, so that many pipelines compile. */
const one = (allowed: unknown, ...others: readonly unknown[]): Any =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(allowed) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
const anyOf = (...values: readonly unknown[]): Any => fc.constantFrom(...values);
const listOf = (item: Any, maxLength = 2): Any => fc.array(item, { maxLength });
const keyed = (key: Any, value: Any): Any =>
  fc.dictionary(key as fc.Arbitrary<string>, value, { maxKeys: 2 });
const security = (any: fc.Arbitrary<object>): Any =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<unknown>(undefined, { run_as_non_root: true }) },
    { weight: 1, arbitrary: any },
  );

const amount = one(100, 2001, 2_147_483_647, 1e300, '0x7fffffff');
const size = one('100Mi', '2Gi', '8Ei', '1e300');
const environment = keyed(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('PLUGIN_A', 'DRONE_A', 'CI') },
    { weight: 1, arbitrary: fc.constantFrom('LD_PRELOAD', 'PATH', 'HOME', 'BASH_ENV', 'OTHER', '__proto__') },
  ),
  anyOf('x', { from_secret: 's' }),
);
const glob = anyOf('main', '*', { include: ['*'], exclude: ['x'] });
const span = one('10m', '1ms', '0s', 'NaN', '1e400s', 60);
const topology = one('zone', 'kubernetes.io/hostname', '', '__proto__');
const weight = one(1, 0, 101, Number.NaN);

/**
 * A generator for each field of each part of a pipeline (`parse/fields.ts`) from which a Pod is made; a part that is missing here is generated
 * as a whole by the field that has it. What `closedRules` of the property test allows is the first value of each.
 */
const GENERATORS = {
  pipeline: {
    kind: anyOf('pipeline'),
    type: anyOf('kubernetes'),
    version: anyOf('1'),
    name: one('default', '__proto__', '../x', 'a\u0000b', '\u202Ex'),
    platform: partOf('platform'),
    clone: partOf('clone'),
    environment: keyed(one('A', 'LD_PRELOAD', 'PATH'), anyOf('x')),
    resources: partOf('resources'),
    services: listOf(partOf('step'), 1),
    steps: fc
      .uniqueArray(partOf('step'), { maxLength: 2, selector: (step) => (step as { name?: unknown }).name })
      .filter(({ length }) => length > 0),
    parallelism: one(1, 0, -1, 1e300),
    volumes: fc.uniqueArray(volume(), { maxLength: 2, selector: (one) => (one as { name?: unknown }).name }),
    image_pull_secrets: listOf(one('s', '__proto__', ''), 1),
    workspace: partOf('workspace'),
    node_name: one('node-1', 'node-2', '../x'),
    node_selector: keyed(one('kubernetes.io/arch', 'pool', '__proto__'), anyOf('x')),
    service_account_name: one('deploy-1', 'deploy-runner', 'admin', 'DEPLOY-1', 'deploy-1/x'),
    metadata: partOf('metadata'),
    priority_class_name: one('low', 'urgent', 'system-node-critical', 'LOW', ' low'),
    runtime_class_name: one('gvisor', 'kata', '__proto__'),
    tolerations: listOf(partOf('toleration'), 1),
    affinity: partOf('affinity'),
    topology_spread_constraints: listOf(partOf('topology spread constraint'), 1),
    security_context: security(podSecurities),
    dns_policy: anyOf('ClusterFirst', 'Default', 'ClusterFirstWithHostNet'),
    dns_config: partOf('dns_config'),
    host_aliases: listOf(partOf('host_alias'), 1),
  },
  step: {
    name: fc.constantFrom('a', 'b', 'c', 'd', '__proto__'),
    image: fc.constantFrom('golang', 'plugins/docker:20', 'docker.io/plugins/docker', 'plugins/ecr'),
    commands: one(['true'], undefined),
    entrypoint: one(undefined, ['/bin/sh']),
    command: one(undefined, ['-c']),
    environment,
    settings: keyed(anyOf('a', 'b'), anyOf('x', { from_secret: 's' })),
    detach: anyOf(false, true),
    depends_on: one(undefined, ['a'], ['__proto__']),
    failure: anyOf('ignore', 'fast'),
    when: partOf('conditions'),
    pull: anyOf('always', 'never', 'if-not-exists'),
    privileged: one(false, true, 'yes', 1),
    resources: partOf('step resources'),
    user: one(1000, 0, '0', '00', -0, 0, '0x0'),
    group: one(1000, 0, '0'),
    security_context: security(stepSecurities),
    volumes: listOf(partOf('mount'), 1),
    working_dir: one('sub', '../..', '/etc'),
    timeout: span,
    retry: partOf('retry'),
    ready: one(undefined, { tcp: 80 }, { http: { port: 80, path: '/x' } }, { exec: ['true'] }, { tcp: 0 }),
  },
  platform: {
    os: one('linux', 'windows'),
    arch: one('amd64', '../x'),
    variant: anyOf('v8'),
    version: anyOf('1'),
  },
  clone: {
    disable: anyOf(true, false),
    depth: one(1, -1, 1e300),
    skip_verify: anyOf(true, false),
    trace: anyOf(true, false),
    retries: one(1, -1),
  },
  workspace: { path: one('/drone/src', '/', '/run/drone', '/drone/../etc') },
  metadata: {
    namespace: one('prod', 'kube-system', 'ci', 'other', 'drone-'),
    labels: keyed(one('team', 'app.kubernetes.io/name', 'app', 'hangar.dev/x'), anyOf('x')),
    annotations: fc.oneof(
      anyOf({ 'hangar.dev/resources': 'steps' }, { 'hangar.dev/resources': 'peak' }),
      keyed(
        one(
          'note',
          'karpenter.sh/do-not-disrupt',
          'container.apparmor.security.beta.kubernetes.io/step-1',
          'io.drone',
        ),
        anyOf('x'),
      ),
    ),
  },
  resources: { requests: partOf('amount'), limits: one(undefined, { cpu: 1 }) },
  amount: { cpu: amount, memory: size },
  'step resources': { requests: partOf('step amount'), limits: partOf('step amount') },
  'step amount': {
    cpu: amount,
    memory: size,
    ephemeral_storage: one('512Mi', '2Gi', '8Ei'),
    // An extended resource: any key with a slash.
    'nvidia.com/gpu': one(undefined, 1),
    'example.com/fpga': one(undefined, undefined, 1),
  },
  conditions: {
    ...{ action: glob, branch: glob, cron: glob, event: glob, instance: glob },
    ...{ paths: glob, ref: glob, repo: glob, status: anyOf('success', ['failure']), target: glob },
  },
  retry: {
    attempts: one(2, 0, 11, 1e300),
    exit_codes: one([1], [], [78], [256]),
    backoff: span,
  },
  mount: {
    name: fc.constantFrom('v', 'mod', 'w'),
    path: one('/v', '/run/drone', '/drone/../run/drone', '/hangar', '/'),
    sub_path: one('a', '../x', '/x', 'a/../../x'),
  },
  volume: {
    name: fc.constantFrom('v', 'mod', 'w'),
    temp: one({}, { size_limit: '8Ti' }, { medium: 'MEMORY' }, { size_limit: '512Mi' }),
    cache: anyOf({}),
    host: anyOf({ path: '/' }),
    claim: anyOf({ name: 'c' }),
    config_map: anyOf({ name: 'm' }),
    secret: anyOf({ name: 's' }),
  },
  toleration: {
    key: one('spot', '', 'gpu', '*'),
    operator: anyOf('Exists'),
    effect: anyOf('NoSchedule', 'NoExecute'),
    value: one(undefined, 'x'),
    toleration_seconds: one(undefined, 60),
    tolerationseconds: one(undefined, 60),
  },
  affinity: {
    node_affinity: partOf('node affinity'),
    pod_affinity: partOf('pod affinity'),
    pod_anti_affinity: partOf('pod affinity'),
  },
  'node affinity': {
    required_during_scheduling_ignored_during_execution: partOf('node selector'),
    preferred_during_scheduling_ignored_during_execution: listOf(partOf('preferred node term')),
  },
  'node selector': {
    node_selector_terms: fc.array(partOf('node selector term'), { minLength: 1, maxLength: 2 }),
  },
  'node selector term': {
    match_expressions: fc.array(partOf('selector expression'), { minLength: 1, maxLength: 2 }),
    match_fields: one(
      undefined,
      [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }],
      [{ key: 'metadata.name', operator: 'In', values: ['node-2'] }],
      [{ key: 'metadata.name', operator: 'NotIn', values: ['node-1'] }],
    ),
  },
  'preferred node term': { weight, preference: partOf('node selector term') },
  'pod affinity': {
    required_during_scheduling_ignored_during_execution: listOf(partOf('pod affinity term')),
    preferred_during_scheduling_ignored_during_execution: listOf(partOf('preferred pod term')),
  },
  'pod affinity term': {
    label_selector: one(undefined, { match_labels: { a: 'b' } }),
    topology_key: topology,
  },
  'preferred pod term': { weight, pod_affinity_term: partOf('pod affinity term') },
  'topology spread constraint': {
    max_skew: one(1, 0, -1),
    topology_key: topology,
    when_unsatisfiable: one('ScheduleAnyway', 'DoNotSchedule'),
    label_selector: one(undefined, { match_labels: { a: 'b' } }),
    match_label_keys: one(undefined, ['io.drone.repo.name']),
    min_domains: one(undefined, 2),
    node_affinity_policy: anyOf('Honor', 'Ignore'),
    node_taints_policy: anyOf('Honor', 'Ignore'),
  },
  'selector expression': {
    key: one('kubernetes.io/arch', 'pool', '__proto__'),
    operator: one('In', 'NotIn'),
    values: one(['amd64'], ['a b'], []),
  },
  dns_config: {
    nameservers: one(['10.0.0.1'], ['x']),
    searches: anyOf(['a.test']),
    options: anyOf([{ name: 'ndots', value: '2' }]),
  },
  host_alias: { ip: one('10.0.0.1', 'x'), hostnames: anyOf(['a.test']) },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Any>>>>;

/** Parts that a field above generates as a whole. */
const WHOLE: Readonly<Record<string, string>> = {
  condition: 'conditions',
  ready: 'step.ready',
  http: 'step.ready',
  variable: 'step.environment',
  temp: 'volume.temp',
  cache: 'volume.cache',
  host: 'volume.host',
  claim: 'volume.claim',
  config_map: 'volume.config_map',
  'secret volume': 'volume.secret',
  'label selector': 'pod affinity term.label_selector',
  'dns option': 'dns_config.options',
  'security context': 'arbitrary-security.ts',
  'step security context': 'arbitrary-security.ts',
  capabilities: 'arbitrary-security.ts',
  'security profile': 'arbitrary-security.ts',
};

/** Fields that a valid instance of a part needs. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  pipeline: ['kind', 'type', 'steps'],
  step: ['name', 'image', 'commands'],
  retry: ['attempts'],
  mount: ['name', 'path'],
  volume: ['name'],
  toleration: ['key', 'operator'],
  'node selector': ['node_selector_terms'],
  'preferred node term': ['weight', 'preference'],
  'node selector term': ['match_expressions'],
  'pod affinity term': ['topology_key'],
  'preferred pod term': ['weight', 'pod_affinity_term'],
  'topology spread constraint': ['max_skew', 'topology_key', 'when_unsatisfiable'],
  'selector expression': ['key', 'operator', 'values'],
  host_alias: ['ip', 'hostnames'],
};

/** Few of the many fields of pipelines and steps: most combinations of all of them are refused for another reason. */
const sometimes = (part: string, any: Any): Any =>
  fc.oneof(
    { weight: ['pipeline', 'step', 'volume'].includes(part) ? 6 : 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: any },
  );

/** A part with some of its fields; made when it is first needed, since parts refer to each other. */
function partOf(part: string): Any {
  let made: Any | undefined;
  return fc.constant(undefined).chain(() => {
    const model = (GENERATORS as Readonly<Record<string, Readonly<Record<string, Any>>>>)[part] ?? {};
    const isRequired = (field: string): boolean => (REQUIRED[part] ?? []).includes(field);
    const fields = Object.entries(model).map(([field, any]) => [
      field,
      isRequired(field) ? any : sometimes(part, any),
    ]);
    made ??= fc.record(Object.fromEntries(fields) as Record<string, Any>);
    return made;
  });
}

/** A volume has one source. */
function volume(): Any {
  return fc.constant(undefined).chain(() => {
    const { name, ...sources } = GENERATORS.volume;
    const source = fc
      .oneof(
        { weight: 6, arbitrary: fc.constantFrom('temp', 'cache') },
        { weight: 1, arbitrary: fc.constantFrom('host', 'claim', 'config_map', 'secret') },
      )
      .chain((kind) => fc.record({ [kind]: sources[kind] }));
    return fc.tuple(name, source).map(([of, one]) => ({ name: of, ...one }));
  });
}

/** Pipelines with all of these fields, and with no others but their steps. */
export const pipelinesWith = (fields: readonly (keyof typeof GENERATORS.pipeline)[]): Any =>
  fc.record({
    ...{ kind: GENERATORS.pipeline.kind, type: GENERATORS.pipeline.type, steps: GENERATORS.pipeline.steps },
    ...Object.fromEntries(fields.map((field) => [field, GENERATORS.pipeline[field]])),
  });

/** Pipelines as an author may write them: most choices are allowed by the rules of the property test, some are not. */
export const pipelines: Any = partOf('pipeline');

const isOfPod = ({ support }: Field): boolean => support === undefined;

function partsOf({ kind }: Field): readonly string[] {
  if (typeof kind === 'string' || 'words' in kind) return [];
  return ['list' in kind ? kind.list : kind.part];
}

/** Fields of a pipeline that no generator makes, as `part.field`: the property would prove nothing about them. */
export function fieldsWithoutGenerator(): readonly string[] {
  const missing: string[] = [];
  const parts = new Set(['pipeline']);
  for (const part of parts) {
    if (WHOLE[part] !== undefined) continue;
    const made = (GENERATORS as Readonly<Record<string, object>>)[part] ?? {};
    for (const [name, field] of Object.entries(fieldsOf(part) ?? {}).filter(([, one]) => isOfPod(one))) {
      if (!Object.hasOwn(made, name)) missing.push(`${part}.${name}`);
      for (const next of partsOf(field)) parts.add(next);
    }
  }
  return missing;
}

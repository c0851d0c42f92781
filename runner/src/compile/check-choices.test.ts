import { describe, expect, it } from 'vitest';
import type { StageDetail } from '../pipeline/drone.ts';
import type { Pipeline, PipelineVolume } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { Rules } from '../restrict/restrictions.ts';
import { compile } from './compile.ts';
import type { CompileSettings, Prepared } from './settings.ts';
import {
  aBuild,
  aCompileInput,
  aDetail,
  anImage,
  aPipeline,
  aPolicy,
  aPreparation,
  aRepo,
  aService,
  aStep,
  text,
} from './testing/a-pipeline.ts';
import { closedRules, restrictedSettings } from './testing/restricted-settings.ts';

const MIB = 2 ** 20;
const TRUSTED = aDetail({ repo: aRepo({ trusted: true }) });
const FORK_OF_TRUSTED = aDetail({
  repo: aRepo({ trusted: true }),
  build: aBuild({ event: 'pull_request', sourceRepo: 'eve/widget' }),
});

interface Case {
  readonly rules?: Partial<Rules>;
  readonly settings?: Partial<CompileSettings>;
  readonly detail?: StageDetail;
  /** The operator's variables. */
  readonly environment?: Prepared['environment'];
}

function compiled(
  pipeline: Partial<Pipeline>,
  { rules = {}, settings = {}, detail = aDetail(), environment = [] }: Case = {},
) {
  const prepared = aPreparation({
    environment,
    images: {
      'docker.io/drone/git:latest': anImage(),
      'docker.io/plugins/docker:20': anImage(),
      'docker.io/plugins/docker:latest': anImage(),
    },
  });
  return compile(
    aCompileInput({
      pipeline: aPipeline(pipeline),
      settings: restrictedSettings(closedRules(rules), settings),
      detail,
      prepared,
    }),
  );
}

/** The refusal's lines; "compiled" if there is none. */
function outcome(pipeline: Partial<Pipeline>, how: Case = {}): readonly string[] {
  try {
    compiled(pipeline, how);
    return ['compiled'];
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'refused-choice') throw error;
    return error.message.split('\n- ').slice(1);
  }
}

const metadata = (changes: Partial<Pipeline['metadata']>): Partial<Pipeline> => ({
  metadata: { namespace: '', labels: {}, annotations: {}, ...changes },
});
const toleration = (key: string): Partial<Pipeline> => ({
  tolerations: [{ key, operator: 'Exists', effect: '', value: '', tolerationSeconds: undefined }],
});
const requests = (cpuMillicores: number, memoryMib: number): Partial<Pipeline> => ({
  requests: { cpuMillicores, memoryBytes: memoryMib * MIB },
});
const temp = (sizeLimitBytes: number, medium = ''): Partial<Pipeline> => ({
  volumes: [{ name: 'v', kind: 'temp', medium, sizeLimitBytes }],
});

describe('what a restricted build may choose', () => {
  it.each<[string, Partial<Pipeline>, Partial<Rules>, string]>([
    [
      'a service account',
      { serviceAccountName: 'deploy-1' },
      { serviceAccounts: ['deploy-*'] },
      'service_account_name "deploy-1": HANGAR_UNTRUSTED_SERVICE_ACCOUNTS',
    ],
    ['a namespace', metadata({ namespace: 'prod' }), { namespaces: ['prod'] }, 'metadata.namespace "prod"'],
    ['a node', { nodeName: 'node-7' }, { nodes: ['node-*'] }, 'node_name "node-7": HANGAR_UNTRUSTED_NODES'],
    [
      'a node selector',
      { nodeSelector: { pool: 'control' } },
      { nodeSelectors: ['pool=*'] },
      'node_selector "pool=control"',
    ],
    ['a toleration', toleration('gpu'), { tolerations: ['gpu'] }, 'the toleration of "gpu"'],
    [
      'a priority class',
      { priorityClassName: 'urgent' },
      { priorityClasses: ['urgent', 'normal'] },
      'priority_class_name "urgent": HANGAR_UNTRUSTED_PRIORITY_CLASSES',
    ],
    [
      'a runtime class',
      { runtimeClassName: 'kata-qemu' },
      { runtimeClasses: ['kata-*'] },
      'runtime_class_name "kata-qemu": HANGAR_UNTRUSTED_RUNTIME_CLASSES',
    ],
    [
      'an extended resource',
      { steps: [aStep({ devices: { 'nvidia.com/gpu': 1 } })] },
      { extendedResources: ['nvidia.com/*'] },
      'in step "test", the resource "nvidia.com/gpu": HANGAR_UNTRUSTED_EXTENDED_RESOURCES',
    ],
    ['a label', metadata({ labels: { app: 'x' } }), { labels: ['app'] }, 'metadata.labels "app"'],
    [
      'an annotation',
      metadata({ annotations: { 'vault.hashicorp.com/role': 'x' } }),
      { annotations: ['vault.hashicorp.com/*'] },
      'metadata.annotations "vault.hashicorp.com/role"',
    ],
    [
      'user 0',
      { steps: [aStep({ user: 0 })] },
      { root: 'any' },
      'user 0 of step "test": HANGAR_UNTRUSTED_ROOT',
    ],
    [
      'group 0 of a service',
      { services: [aService({ group: 0 })] },
      { root: 'any' },
      'group 0 of step "redis"',
    ],
  ])('%s only as the rule allows', (_sentence, pipeline, allowing, refusal) => {
    expect(outcome(pipeline)).toEqual([expect.stringContaining(refusal)]);
    expect(outcome(pipeline, { rules: allowing })).toEqual(['compiled']);
    expect(outcome(pipeline, { detail: TRUSTED })).toEqual(['compiled']);
  });

  it.each<[string, Partial<Pipeline>, Partial<Rules>]>([
    [
      'a service account of another name',
      { serviceAccountName: 'deployer' },
      { serviceAccounts: ['deploy-*'] },
    ],
    ['a label behind a domain', metadata({ labels: { 'app.kubernetes.io/name': 'x' } }), { labels: ['*'] }],
    [
      'another value of a node label',
      { nodeSelector: { pool: 'control' } },
      { nodeSelectors: ['pool=builds'] },
    ],
    ['a toleration of everything', toleration(''), { tolerations: ['gpu'] }],
    ['a fresh namespace', metadata({ namespace: 'drone-' }), { namespaces: ['builds'] }],
    [
      'a resource of another vendor',
      { steps: [aStep({ devices: { 'amd.com/gpu': 1 } })] },
      { extendedResources: ['nvidia.com/*', '*'] },
    ],
  ])('not %s', (_sentence, pipeline, rules) => {
    expect(outcome(pipeline, { rules })).toHaveLength(1);
    expect(outcome(pipeline, { rules })).not.toEqual(['compiled']);
  });

  it.each<[string, Partial<Pipeline>]>([
    ['user 1', { steps: [aStep({ user: 1, group: 1 })] }],
    ['the default namespace by its name', metadata({ namespace: 'default' })],
    ["Hangar's own annotation", metadata({ annotations: { 'hangar.dev/resources': 'peak' } })],
    ['a platform', { platform: { os: 'linux', arch: 'arm64', variant: '', version: '' } }],
    ['a temporary volume', temp(0)],
    ['a DNS policy', { dnsPolicy: 'Default' }],
    ['nothing in particular', {}],
    [
      'user 0 of a step that does not run in this build',
      { steps: [aStep(), aStep({ name: 'b', user: 0, when: { event: { include: ['tag'], exclude: [] } } })] },
    ],
  ])('always %s', (_sentence, pipeline) => {
    expect(outcome(pipeline)).toEqual(['compiled']);
  });

  it('leaves to operators what they choose by policies and defaults', () => {
    const policies = [
      aPolicy({
        namespace: 'prod',
        serviceAccount: 'deploy',
        labels: { app: 'x' },
        annotations: { note: 'x' },
        nodeSelector: { pool: 'a' },
        tolerations: [
          { key: 'gpu', operator: 'Exists', effect: '', value: '', tolerationSeconds: undefined },
        ],
        requests: { cpuMillicores: 64_000, memoryBytes: 2 ** 40 },
      }),
    ];
    const pipeline = {
      ...metadata({ namespace: 'other', labels: { app: 'y' }, annotations: { note: 'y' } }),
      ...toleration('else'),
      serviceAccountName: 'else',
      nodeSelector: { pool: 'b' },
    };
    const rules = { requestCpu: 1000, requestMemory: MIB } as const;
    expect(outcome(pipeline, { rules, settings: { policies } })).toEqual(['compiled']);
    expect(outcome(pipeline, { rules })).toHaveLength(6);
    const defaults = {
      defaultServiceAccount: 'else',
      defaultNodeSelector: { pool: 'b' },
      defaultNamespace: 'other',
    };
    expect(
      outcome(
        { ...metadata({ namespace: 'other' }), serviceAccountName: 'else', nodeSelector: { pool: 'b' } },
        { settings: defaults },
      ),
    ).toEqual(['compiled']);
  });

  it('keeps the default node selector beside an allowed one, so that none leads away from the nodes of builds', () => {
    const settings = { defaultNodeSelector: { pool: 'builds' } };
    const pipeline = { nodeSelector: { 'kubernetes.io/arch': 'arm64' } };
    const rules = { nodeSelectors: ['kubernetes.io/arch=*'] };
    const selector = (how: Case) => compiled(pipeline, { settings, ...how }).pod.spec?.nodeSelector;
    expect(selector({ rules })).toEqual({ pool: 'builds', 'kubernetes.io/arch': 'arm64' });
    expect(selector({ rules: { nodeSelectors: 'any' } })).toEqual({ 'kubernetes.io/arch': 'arm64' });
  });

  it('reports all refusals together, at most 20 of them in full', () => {
    expect(outcome({ serviceAccountName: 'a', nodeName: 'b', ...toleration('c') })).toHaveLength(3);
    const labels = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`l${n}`, 'x']));
    expect(outcome(metadata({ labels }))).toHaveLength(21);
    expect(outcome(metadata({ labels })).at(-1)).toBe('and 10 more');
  });
});

describe('amounts that a restricted build may choose', () => {
  const rules = { requestCpu: 4000, requestMemory: 1024 * MIB } as const;

  it.each([
    ['what the rule allows', requests(4000, 1024), ['compiled']],
    [
      'no more CPU',
      requests(4001, 100),
      [expect.stringContaining('HANGAR_MAX_REQUEST_CPU allows at most 4')],
    ],
    [
      'nor 2,147,483,647 CPUs',
      requests(2_147_483_647_000, 100),
      [expect.stringContaining('HANGAR_MAX_REQUEST_CPU')],
    ],
    [
      'no more memory',
      requests(100, 1028),
      [expect.stringContaining('HANGAR_MAX_REQUEST_MEMORY allows at most 1Gi')],
    ],
  ])('%s', (_sentence, pipeline, want) => {
    expect(outcome(pipeline, { rules })).toEqual(want);
  });

  it('counts requests of steps where they count, and limits where there is no request', () => {
    const steps = [aStep({ requests: { cpuMillicores: 5000, memoryBytes: 0 } })];
    expect(outcome({ steps }, { rules, settings: { resources: 'peak' } })).toHaveLength(1);
    expect(outcome({ steps }, { rules, settings: { resources: 'peak' } })).not.toEqual(['compiled']);
    expect(outcome({ steps }, { rules })).toEqual(['compiled']);
    const limited = [aStep({ limits: { cpuMillicores: 5000, memoryBytes: 0 } })];
    const nothing = { cpuMillicores: 0, memoryBytes: 0 };
    expect(
      outcome({ steps: limited }, { rules, settings: { requests: nothing, minRequests: nothing } }),
    ).toEqual([expect.stringContaining('HANGAR_MAX_REQUEST_CPU')]);
    expect(outcome({ steps: limited }, { rules })).toEqual(['compiled']);
  });

  it('a volume of at most the allowed size, which is that of volumes without one', () => {
    const most = { rules: { volumeSize: 1024 * MIB } } as const;
    expect(outcome(temp(1024 * MIB + 1), most)).toEqual([expect.stringContaining('HANGAR_MAX_VOLUME_SIZE')]);
    const sizes = (pipeline: Partial<Pipeline>, how: Case = most) =>
      compiled(pipeline, how).pod.spec?.volumes?.flatMap(({ name, emptyDir }) =>
        emptyDir === undefined ? [] : [`${name} ${emptyDir.sizeLimit}`],
      );
    expect(sizes(temp(512 * MIB))).toEqual([
      'hangar-workspace 1Gi',
      'hangar-bin 1Gi',
      'hangar-state 1Gi',
      'hangar-drone 1Gi',
      'volume-1 512Mi',
    ]);
    expect(sizes(temp(0))?.at(-1)).toBe('volume-1 1Gi');
    expect(sizes(temp(0), {})?.at(-1)).toBe('volume-1 undefined');
  });

  it('limits the ephemeral storage of each container, and requests none of it', () => {
    const { pod } = compiled({}, { rules: { ephemeralStorage: 1024 * MIB } });
    for (const { resources } of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
      expect(resources?.limits?.['ephemeral-storage']).toBe('1Gi');
      expect(resources?.requests?.['ephemeral-storage']).toBe('0');
    }
    expect(JSON.stringify(compiled({}).pod)).not.toContain('ephemeral-storage');
  });

  it('allows a step as much ephemeral storage as the rule, and no more, whether requested or as a limit', () => {
    const most = { rules: { ephemeralStorage: 1024 * MIB } } as const;
    const storage = (requestBytes: number, limitBytes: number): Partial<Pipeline> => ({
      steps: [aStep({ storage: { requestBytes, limitBytes } })],
    });

    expect(outcome(storage(1024 * MIB, 0), most)).toEqual(['compiled']);
    for (const tooMuch of [storage(1024 * MIB + 1, 0), storage(0, 1024 * MIB + 1)])
      expect(outcome(tooMuch, most)).toEqual([expect.stringContaining('HANGAR_MAX_EPHEMERAL_STORAGE')]);
    expect(outcome(storage(0, 1024 * MIB + 1))).toEqual(['compiled']);
  });
});

describe('what no rule allows', () => {
  const open = closedRules();
  const any: Case = {
    rules: Object.fromEntries(Object.keys(open).map((name) => [name, 'any'])),
    settings: {
      ownAccount: { namespace: 'default', name: 'hangar-runner' },
      leaseNamespace: 'ci',
    },
  };

  it.each<[string, Partial<Pipeline>, Partial<Pipeline>]>([
    [
      "the runner's own account",
      { serviceAccountName: 'hangar-runner' },
      { serviceAccountName: 'hangar-runner', ...metadata({ namespace: 'builds' }) },
    ],
    [
      'a namespace of Kubernetes',
      metadata({ namespace: 'kube-system' }),
      metadata({ namespace: 'kubernetes-builds' }),
    ],
    [
      'a priority class of Kubernetes',
      { priorityClassName: 'system-node-critical' },
      { priorityClassName: 'systems' },
    ],
    ["the Leases' namespace", metadata({ namespace: 'ci' }), metadata({ namespace: 'ci-builds' })],
  ])('%s, at any level', (_sentence, refused, nearMiss) => {
    for (const detail of [FORK_OF_TRUSTED, aDetail(), TRUSTED]) {
      expect(outcome(refused, { ...any, detail })).toHaveLength(1);
      expect(outcome(refused, { ...any, detail })).not.toEqual(['compiled']);
      expect(outcome(nearMiss, { ...any, detail })).toEqual(['compiled']);
    }
  });

  it("lets builds run in the Leases' namespace where operators send them there", () => {
    const settings = { ...any.settings, leaseNamespace: 'default' };
    expect(outcome({}, { ...any, settings })).toEqual(['compiled']);
  });

  it.each([
    'container.apparmor.security.beta.kubernetes.io/step-1',
    'seccomp.security.alpha.kubernetes.io/pod',
  ])('with HANGAR_HARDENING=restricted, the annotation %s', (key) => {
    const pipeline = metadata({ annotations: { [key]: 'unconfined' } });
    const settings = { hardening: 'restricted' as const };
    expect(outcome(pipeline, { ...any, settings, detail: TRUSTED })).toEqual([
      expect.stringContaining('HANGAR_HARDENING=restricted sets the security profile'),
    ]);
    expect(outcome(pipeline, { ...any, detail: TRUSTED })).toEqual(['compiled']);
  });
});

describe('the token of a service account', () => {
  const mounted = (pipeline: Partial<Pipeline>, how: Case) =>
    compiled(pipeline, how).pod.spec?.automountServiceAccountToken !== false;
  const restricted = { hardening: 'restricted' as const };

  it('is kept for an account that a pipeline names and a rule allows', () => {
    const rules = { serviceAccounts: ['deploy'] };
    expect(mounted({ serviceAccountName: 'deploy' }, { rules, settings: restricted })).toBe(true);
  });

  it('is not mounted without a name when restricted, but for an account that a default or a policy names', () => {
    expect(mounted({}, { settings: restricted })).toBe(false);
    expect(mounted({}, { settings: { ...restricted, defaultServiceAccount: 'deploy' } })).toBe(true);
    const policies = [aPolicy({ serviceAccount: 'deploy' })];
    expect(mounted({}, { settings: { ...restricted, policies } })).toBe(true);
    expect(mounted({}, {})).toBe(true);
  });

  it("is never the runner's, even if a pipeline names its account, nor where Kubernetes takes it by itself", () => {
    const own = (name: string, namespace = 'default') => ({ ownAccount: { namespace, name } });
    const settings = { ...own('hangar'), defaultServiceAccount: 'hangar' };
    expect(mounted({}, { settings })).toBe(false);
    expect(
      mounted({}, { settings: { ...own('hangar'), policies: [aPolicy({ serviceAccount: 'hangar' })] } }),
    ).toBe(false);
    expect(mounted({}, { settings: own('default') })).toBe(false);
    expect(mounted({}, { settings: own('default', 'ci') })).toBe(true);
    expect(mounted({}, { settings: own('hangar') })).toBe(true);
  });
});

describe('access to the host by a fork of a trusted repository', () => {
  const sources: readonly PipelineVolume[] = [
    { name: 'v', kind: 'host', path: '/x' },
    { name: 'v', kind: 'claim', claimName: 'c', readOnly: false },
    { name: 'v', kind: 'config_map', configMapName: 'm', defaultMode: undefined, optional: false },
    { name: 'v', kind: 'secret', secretName: 's', defaultMode: undefined, optional: false },
    { name: 'v', kind: 'temp', medium: 'Memory', sizeLimitBytes: 0 },
  ];

  it.each<[string, Partial<Pipeline>]>([
    ['a privileged step', { steps: [aStep({ privileged: true })] }],
    ...sources.map((one): [string, Partial<Pipeline>] => [
      `a volume of kind ${one.kind}`,
      { volumes: [one] },
    ]),
  ])('%s only where HANGAR_UNTRUSTED_HOST_ACCESS allows it', (_sentence, pipeline) => {
    expect(outcome(pipeline, { detail: FORK_OF_TRUSTED })).toEqual([
      expect.stringContaining('HANGAR_UNTRUSTED_HOST_ACCESS allows none for pull requests from forks'),
    ]);
    expect(outcome(pipeline, { detail: FORK_OF_TRUSTED, rules: { hostAccess: 'any' } })).toEqual([
      'compiled',
    ]);
    expect(outcome(pipeline, { detail: TRUSTED })).toEqual(['compiled']);
  });
});

describe('the environment of steps that are privileged by their image', () => {
  const docker = aStep({ name: 'image', image: 'plugins/docker:20', commands: [] });
  const step = (environment: Record<string, string>): Partial<Pipeline> => ({
    steps: [
      {
        ...docker,
        environment: Object.fromEntries(Object.entries(environment).map(([k, v]) => [k, text(v)])),
      },
    ],
  });
  const closed: Case = { rules: { privilegedImages: 'any' } };
  const open: Case = { rules: { privilegedImages: 'any', privilegedEnvironment: 'any' } };

  it.each([
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'BASH_ENV',
    'ENV',
    'DOCKER_CONFIG',
    'GIT_SSH_COMMAND',
    'NODE_OPTIONS',
  ])('never has %s of the step', (name) => {
    const pipeline = step({ [name]: '/drone/src/evil.so' });
    for (const how of [closed, open])
      expect(outcome(pipeline, how)).toEqual([
        expect.stringContaining(`variable "${name}" in privileged step "image"`),
      ]);
    expect(outcome(pipeline, { ...closed, detail: TRUSTED })).toEqual(['compiled']);
  });

  it.each(['PATH', 'HOME', 'LD_PRELOAD'])('never has %s of the pipeline', (name) => {
    const environment = { [name]: '/drone/src' };
    expect(outcome({ steps: [docker], environment }, open)).toEqual([
      expect.stringContaining(`variable "${name}" of the pipeline`),
    ]);
    // Without a privileged step, nobody minds.
    expect(outcome({ environment }, open)).toEqual(['compiled']);
  });

  it('never has such a parameter of the build', () => {
    const detail = aDetail({ build: aBuild({ params: { LD_PRELOAD: 'x' } }) });
    expect(outcome({ steps: [docker] }, { ...open, detail })).toHaveLength(1);
    expect(outcome({ steps: [docker] }, { ...open, detail })).not.toEqual(['compiled']);
  });

  it.each(['DRONE_X', 'CI', 'CI_X', 'PLUGIN_X', 'https_proxy', 'NO_PROXY', 'DOCKER_BUILDKIT'])(
    'may have %s',
    (name) => {
      expect(outcome(step({ [name]: 'x' }), closed)).toEqual(['compiled']);
    },
  );

  it.each(['OTHER', 'CIRCLE', 'XPLUGIN_A', 'path'])('may have %s only as the rule allows', (name) => {
    const pipeline = step({ [name]: 'x' });
    expect(outcome(pipeline, closed)).toEqual([expect.stringContaining('HANGAR_PRIVILEGED_ENVIRONMENT')]);
    expect(outcome(pipeline, { rules: { privilegedImages: 'any', privilegedEnvironment: [name] } })).toEqual([
      'compiled',
    ]);
  });

  it.each(['OTHER', 'DOCKER_CONFIG', 'LD_PRELOAD'])(
    'has %s of the operator, whatever the rule is',
    (name) => {
      const how = { ...closed, environment: [{ name, value: 'theirs', mask: false }] };
      const swapped = { ...docker, image: 'plugins/docker:19' };
      const container = compiled({ steps: [swapped] }, how).pod.spec?.containers.at(-1);
      expect(container?.securityContext?.privileged).toBe(true);
      expect(container?.env?.map((variable) => variable.name)).toContain(name);
      expect(outcome(step({ [name]: 'theirs' }), how)).toHaveLength(1);
      expect(outcome(step({ [name]: 'theirs' }), how)).not.toEqual(['compiled']);
    },
  );

  it('has DOCKER_* of the step only, not of the pipeline', () => {
    expect(outcome({ steps: [docker], environment: { DOCKER_BUILDKIT: '1' } }, closed)).toHaveLength(1);
    expect(outcome({ steps: [docker], environment: { DOCKER_BUILDKIT: '1' } }, closed)).not.toEqual([
      'compiled',
    ]);
  });

  it('warns the author of what is allowed to all, and of nothing else', () => {
    const warnings = (pipeline: Partial<Pipeline>, how: Case) =>
      compiled(pipeline, how).warnings.filter((one) => one.includes('privileged'));
    expect(warnings(step({ OTHER: 'x' }), open)).toEqual([
      'variable "OTHER" in privileged step "image" may change what a privileged step runs; HANGAR_PRIVILEGED_ENVIRONMENT would refuse it',
    ]);
    expect(warnings(step({ PLUGIN_X: 'x' }), open)).toEqual([]);
  });

  it.each<[string, Case, boolean]>([
    ['/drone/src', closed, true],
    ['/usr', open, false],
    ['/root/x', open, false],
    ['/go/src', open, true],
    ['/go/src', closed, false],
    ['/go/src', { rules: { privilegedImages: 'any', privilegedEnvironment: ['workspace.path'] } }, true],
  ])('shares a workspace at %s', (workspacePath, how, isAllowed) => {
    expect(outcome({ steps: [docker], workspacePath }, how).includes('compiled')).toBe(isAllowed);
  });
});

describe('images that run privileged', () => {
  const isPrivileged = (image: string, privilegedImages: Rules['privilegedImages'], detail?: StageDetail) => {
    const steps = [aStep({ image, commands: [] })];
    const settings = { privilegedImages: ['acme/builder'] };
    const { pod, warnings } = compiled(
      { steps },
      { rules: { privilegedImages }, settings, ...(detail ? { detail } : {}) },
    );
    const isWarned = warnings.some((one) => one.includes('HANGAR_PRIVILEGED_IMAGES'));
    return `${pod.spec?.containers.at(-1)?.securityContext?.privileged}${isWarned ? ', warned' : ''}`;
  };

  it.each<[string, Rules['privilegedImages'], string]>([
    ['plugins/docker:20', 'any', 'true'],
    ['acme/builder', 'any', 'true'],
    ['plugins/docker:20', [], 'false, warned'],
    ['golang:1', [], 'false'],
    ['plugins/docker:20', ['plugins/docker'], 'true'],
    ['acme/builder:3', ['plugins/docker'], 'false, warned'],
    ['plugins/docker:20', ['plugins/docker:20'], 'true'],
    ['plugins/docker:21', ['plugins/docker:20'], 'false, warned'],
    ['plugins/docker', ['plugins/docker:latest'], 'true'],
    [`plugins/docker:20@sha256:${'a'.repeat(64)}`, ['plugins/docker:20'], 'false, warned'],
    [`plugins/docker@sha256:${'a'.repeat(64)}`, [`plugins/docker@sha256:${'a'.repeat(64)}`], 'true'],
    [`plugins/docker@sha256:${'b'.repeat(64)}`, [`plugins/docker@sha256:${'a'.repeat(64)}`], 'false, warned'],
    ['registry.acme.test/ci/kaniko:1', ['registry.acme.test/ci/*'], 'true'],
    ['registry.acme.test/evil/kaniko:1', ['registry.acme.test/ci/*'], 'false'],
  ])('%s where the rule is %j: %s', (image, rule, want) => {
    expect(isPrivileged(image, rule)).toBe(want);
  });

  it('are those of the previous runner in trusted builds', () => {
    expect(isPrivileged('plugins/docker:20', [], TRUSTED)).toBe('true');
  });
});

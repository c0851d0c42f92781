import { readFileSync } from 'node:fs';
import { RULES } from '@hangar/runner/rules';
import { RESOURCE, type Resource } from '@hangar/shared/kubernetes/cluster';
import type { KubernetesObject, V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import type { RealCluster } from '../../parts/real/facts.ts';
import { pipeline, step } from '../flows/pipelines.ts';
import { startTestSystem, type TestSystem } from '../flows/test-system.ts';
import { type OwnedNamespaceAccess, ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

const PATIENCE_MS = 120_000;
const ACCOUNTS: Resource = { base: '/api/v1', plural: 'serviceaccounts' };
const REVIEWS: Resource = { base: '/apis/authorization.k8s.io/v1', plural: 'subjectaccessreviews' };
const ONE_STEP = step('one', ['echo ran']);

const REQUIRED = 'required_during_scheduling_ignored_during_execution';
const nodeTerm = (term: string): string =>
  `affinity: { node_affinity: { ${REQUIRED}: { node_selector_terms: [{ ${term} }] } } }`;
/** Fields of the pipeline that place its Pod, each with the rule that refuses it. */
const PLACEMENTS = [
  [nodeTerm('match_expressions: [{ key: pool, operator: Exists }]'), 'HANGAR_UNTRUSTED_NODE_SELECTORS'],
  [nodeTerm('match_fields: [{ key: metadata.name, operator: In, values: [a] }]'), 'HANGAR_UNTRUSTED_NODES'],
  [
    `affinity: { pod_anti_affinity: { ${REQUIRED}: [{ topology_key: kubernetes.io/hostname }] } }`,
    'HANGAR_UNTRUSTED_POD_AFFINITY',
  ],
  [
    'topology_spread_constraints: [{ max_skew: 1, topology_key: zone, when_unsatisfiable: ScheduleAnyway }]',
    'HANGAR_UNTRUSTED_TOPOLOGY_SPREAD',
  ],
] as const;

const removeIt = 'remove it, or ask the operator of the runner to allow it there';
const askLess = 'less, or ask the operator of the runner to raise it';

/** Each choice that the chart's default refuses to forks and to ordinary repositories, with the rule and the remedy that its error names. */
function refusedChoices(
  nodeName: string,
): readonly (readonly [yaml: string, rule: string, remedy: string])[] {
  return [
    [pipeline(ONE_STEP, 'service_account_name: deploy'), 'HANGAR_UNTRUSTED_SERVICE_ACCOUNTS', removeIt],
    [pipeline(ONE_STEP, 'metadata: { namespace: default }'), 'HANGAR_UNTRUSTED_NAMESPACES', removeIt],
    [pipeline(ONE_STEP, 'metadata: { namespace: kube-system }'), 'kube-', 'remove it'],
    [pipeline(ONE_STEP, `node_name: ${nodeName}`), 'HANGAR_UNTRUSTED_NODES', removeIt],
    [pipeline(ONE_STEP, 'node_selector: { pool: builds }'), 'HANGAR_UNTRUSTED_NODE_SELECTORS', removeIt],
    [
      pipeline(ONE_STEP, 'tolerations: [{ key: gpu, operator: Exists }]'),
      'HANGAR_UNTRUSTED_TOLERATIONS',
      removeIt,
    ],
    ...PLACEMENTS.map(([fields, rule]) => [pipeline(ONE_STEP, fields), rule, removeIt] as const),
    [pipeline(ONE_STEP, 'priority_class_name: urgent'), 'HANGAR_UNTRUSTED_PRIORITY_CLASSES', removeIt],
    [pipeline(ONE_STEP, 'priority_class_name: system-node-critical'), 'Kubernetes itself', 'remove it'],
    [pipeline(ONE_STEP, 'runtime_class_name: kata'), 'HANGAR_UNTRUSTED_RUNTIME_CLASSES', removeIt],
    [
      pipeline(step('one', ['id'], '  resources: { limits: { nvidia.com/gpu: 1 } }\n')),
      'HANGAR_UNTRUSTED_EXTENDED_RESOURCES',
      removeIt,
    ],
    [
      pipeline(step('one', ['id'], '  resources: { limits: { ephemeral_storage: 500GiB } }\n')),
      'HANGAR_MAX_EPHEMERAL_STORAGE',
      askLess,
    ],
    [pipeline(ONE_STEP, 'metadata: { labels: { team: a } }'), 'HANGAR_UNTRUSTED_LABELS', removeIt],
    [
      pipeline(ONE_STEP, 'metadata: { annotations: { vault.hashicorp.com/role: a } }'),
      'HANGAR_UNTRUSTED_ANNOTATIONS',
      removeIt,
    ],
    [pipeline(step('one', ['id'], '  user: 0\n')), 'HANGAR_UNTRUSTED_ROOT', removeIt],
    [pipeline(ONE_STEP, 'security_context: { fs_group: 0 }'), 'HANGAR_UNTRUSTED_ROOT', removeIt],
    [
      pipeline(step('one', ['id'], '  security_context: { capabilities: { add: [SYS_ADMIN] } }\n')),
      'HANGAR_UNTRUSTED_CAPABILITIES',
      removeIt,
    ],
    [
      pipeline(ONE_STEP, 'security_context: { seccomp_profile: { type: Unconfined } }'),
      'HANGAR_UNTRUSTED_SECURITY_PROFILES',
      removeIt,
    ],
    [
      pipeline(step('one', ['id'], '  security_context: { allow_privilege_escalation: true }\n')),
      'HANGAR_HARDENING',
      'remove it',
    ],
    [pipeline(ONE_STEP, 'resources: { requests: { cpu: 2147483647 } }'), 'HANGAR_MAX_REQUEST_CPU', askLess],
    [
      pipeline(ONE_STEP, 'resources: { requests: { memory: 1000GiB } }'),
      'HANGAR_MAX_REQUEST_MEMORY',
      askLess,
    ],
    [
      pipeline(
        step('one', ['ls /data'], '  volumes: [{ name: data, path: /data }]\n'),
        'volumes: [{ name: data, temp: { size_limit: 500Gi } }]',
      ),
      'HANGAR_MAX_VOLUME_SIZE',
      askLess,
    ],
  ];
}

/** What the chart passes to the runner by default; without other namespaces of builds, its template makes the last one. */
function chartDefaults(): Readonly<Record<string, string>> {
  const text = readFileSync(new URL('../../../charts/hangar/values.yaml', import.meta.url), 'utf8');
  const { config } = (parse(text) as { runner: { config: Record<string, string | boolean> } }).runner;
  const env = Object.fromEntries(Object.entries(config).map(([name, value]) => [name, String(value)]));
  return { ...env, HANGAR_UNTRUSTED_NAMESPACES: 'fork:none,ordinary:none' };
}

/** The server keeps the mark of a repository until it is told another one. */
const ORDINARY = { trusted: false };
const FORK = { ...ORDINARY, event: 'pull_request', build: { source_repo: 'eve/widget' } };
const FORK_OF_TRUSTED = { ...FORK, trusted: true };
const settings = { settings: { greeting: 'hello' } };
const plugin = (more: object) =>
  pipeline(
    `- ${JSON.stringify({ name: 'plug', image: 'docker.io/local/plugin:1', ...settings, ...more })}\n`,
  );

describe("an untrusted build, with the chart's default on a real cluster", () => {
  let cluster: RealCluster;
  let ground: OwnedNamespaceAccess;
  const never = new AbortController().signal;

  beforeAll(async () => {
    ({ cluster, ground } = await ownNamespaceAccess('untrusted'));
  });
  afterAll(() => ground.remove());

  /** A runner with the chart's settings and `env`, in the namespace that all tests of this file share. */
  async function open(env: Readonly<Record<string, string>> = {}): Promise<TestSystem> {
    const { kubeconfig, adminKubeconfig, namespace } = ground;
    const access = { kubeconfig, adminKubeconfig, namespace, env: ground.env };
    const setup = await startTestSystem(access, { env: { ...chartDefaults(), ...env } });
    onTestFinished(() => setup.close());
    return setup;
  }

  /** The error of the stage; nothing may have been created for it, not even for a moment. */
  async function refusalOf(setup: TestSystem, yaml: string, who: object = FORK): Promise<string> {
    const written = () =>
      setup.runner.calls.filter(({ verb, resource }) => verb === 'create' && resource !== 'leases');
    const before = written().length;
    const { id } = setup.drone.createBuild({ yaml, ...who });
    const done = await setup.drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
    expect([done.status, written().slice(before)]).toEqual(['error', []]);
    expect(setup.drone.complaints).toEqual([]);
    return done.stages[0]?.error ?? '';
  }

  async function runs(setup: TestSystem, yaml: string, who: object = FORK): Promise<number> {
    const { id } = setup.drone.createBuild({ yaml, ...who });
    const done = await setup.drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
    expect([done.status, done.stages[0]?.error ?? '']).toEqual(['success', '']);
    return id;
  }

  it.each([
    ['a fork', FORK],
    ['an ordinary repository', ORDINARY],
  ])(
    'gets none of what the rules refuse to %s: each error names rule and remedy, and nothing is created',
    async (_, who) => {
      const setup = await open();
      for (const [yaml, rule, remedy] of refusedChoices(cluster.nodeName)) {
        const text = await refusalOf(setup, yaml, who);
        expect(text).toContain(rule);
        expect(text).toContain(remedy);
      }
      expect(await setup.pods()).toEqual([]);
    },
  );

  it('gets no access to the host, not even as a fork of a trusted repository', async () => {
    const setup = await open();
    const hostPath = pipeline(
      step('one', ['ls /host'], '  volumes: [{ name: host, path: /host }]\n'),
      'volumes: [{ name: host, host: { path: /etc } }]',
    );
    const privileged = pipeline(step('one', ['id'], '  privileged: true\n'));
    for (const yaml of [hostPath, privileged]) {
      const text = await refusalOf(setup, yaml, FORK_OF_TRUSTED);
      expect(text).toContain('HANGAR_UNTRUSTED_HOST_ACCESS');
      for (const who of [FORK, ORDINARY])
        expect(await refusalOf(setup, yaml, who)).toMatch(/^linter: untrusted repositories cannot/);
    }
  });

  it('gets more as one of an ordinary repository, where the default allows it: platforms and sizes', async () => {
    const setup = await open();
    const platform = pipeline(ONE_STEP, 'node_selector: { kubernetes.io/os: linux }');
    expect(await refusalOf(setup, platform, FORK)).toContain('HANGAR_UNTRUSTED_NODE_SELECTORS');
    const volume = pipeline(
      step('one', ['ls /data'], '  volumes: [{ name: data, path: /data }]\n'),
      'volumes: [{ name: data, temp: { size_limit: 30Gi } }]',
    );
    expect(await refusalOf(setup, volume, FORK)).toContain('HANGAR_MAX_VOLUME_SIZE');
    for (const yaml of [platform, volume]) await runs(setup, yaml, ORDINARY);
    await setup.cleaned(PATIENCE_MS);
  });

  it('runs with what is allowed: the same choices where an operator allows them, and amounts below the maximum', async () => {
    const setup = await open({
      HANGAR_UNTRUSTED_SERVICE_ACCOUNTS: 'fork:deploy',
      HANGAR_UNTRUSTED_NODE_SELECTORS: 'fork:kubernetes.io/os=*',
      HANGAR_UNTRUSTED_TOLERATIONS: 'fork:gpu',
      HANGAR_UNTRUSTED_LABELS: 'fork:team',
      HANGAR_UNTRUSTED_ANNOTATIONS: 'fork:vault.hashicorp.com/*',
      HANGAR_UNTRUSTED_ROOT: 'fork:any',
    });
    const { namespace } = setup;
    const account: KubernetesObject = { metadata: { name: 'deploy' } };
    await setup.admin.create({ resource: ACCOUNTS, namespace }, account, never);
    const allowed = [
      'service_account_name: deploy',
      'node_selector: { kubernetes.io/os: linux }',
      'tolerations: [{ key: gpu, operator: Exists }]',
      'metadata: { labels: { team: a }, annotations: { vault.hashicorp.com/role: a } }',
      'resources: { requests: { cpu: 500, memory: 100MiB } }',
      'volumes: [{ name: data, temp: { size_limit: 10Mi } }]',
    ].join('\n');
    const one = step(
      'one',
      ['id -u', 'ls -d /data'],
      '  user: 0\n  volumes: [{ name: data, path: /data }]\n',
    );
    const id = await runs(setup, pipeline(one, allowed));
    await setup.cleaned(PATIENCE_MS);
    expect(setup.drone.logText(id, 'one')).toBe('+ id -u\n0\n+ ls -d /data\n/data\n');
  });

  it('gets no code into a plugin that runs privileged; with its own settings that one runs', async () => {
    const setup = await open({ HANGAR_PRIVILEGED_IMAGES: 'fork:docker.io/local/plugin:1' });
    const text = await refusalOf(setup, plugin({ environment: { LD_PRELOAD: '/drone/src/evil.so' } }));
    expect(text).toMatch(/LD_PRELOAD.*remove it/);
    expect(await refusalOf(setup, plugin({ environment: { EXTRA: 'x' } }))).toContain(
      'HANGAR_PRIVILEGED_ENVIRONMENT',
    );
    const id = await runs(setup, plugin({}));
    await setup.cleaned(PATIENCE_MS);
    expect(setup.drone.logText(id, 'plug')).toContain('PLUGIN_GREETING=hello');
  });

  it('finds no token and none of the secrets of the runner, of another build or of another step, and no API that answers', async () => {
    const setup = await open();
    const other = setup.drone.createBuild({
      yaml: pipeline(step('holds', ['sleep 600'], '  environment: { KEY: { from_secret: key } }\n')),
      secrets: { key: 'of-another-build' },
      repo: { slug: 'acme/other' },
    });
    await setup.drone.waitUntil(
      'the other build runs',
      { timeoutMs: PATIENCE_MS },
      () => setup.drone.step(other.id, 'holds')?.status === 'running',
    );
    const environments = 'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\\\0" "\\\\n"';
    const look = step(
      'look',
      [
        'echo mounts $(grep -c serviceaccount /proc/mounts)',
        'ls -d /var/run/secrets /run/secrets 2>/dev/null || echo no folder of secrets',
        // Of all processes that it sees, and all files of its own container; each search finds what is there.
        `echo own $(${environments} | grep -c MARK=of-this-step)`,
        `echo others $(${environments} | grep -cE "of-another-([b]uild|[s]tep)|flow-[s]ecret")`,
        'echo of-another-fi"le" > /tmp/file',
        `find / -path /proc -prune -o -path /sys -prune -o -type f -exec grep -lE "of-another-([b]uild|[s]tep|[f]ile)|flow-[s]ecret" {} ';' 2>/dev/null | sed "s/^/found /"`,
        'wget -q -T 3 -O- https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api/v1/secrets 2>/dev/null || echo no API',
      ],
      '  environment: { MARK: of-this-step }\n',
    );
    const hidden = step('hidden', ['echo nothing'], '  environment: { KEY: { from_secret: key } }\n');
    const id = await runs(setup, pipeline(look + hidden), {
      ...FORK,
      secrets: [{ name: 'key', data: 'of-another-step', pull_request: true }],
    });
    const lines = setup.drone.logText(id, 'look')?.split('\n') ?? [];
    expect(lines.filter((line) => !line.startsWith('+ '))).toEqual([
      'mounts 0',
      'no folder of secrets',
      expect.stringMatching(/^own [1-9]/),
      'others 0',
      'found /tmp/file',
      'no API',
      '',
    ]);
    setup.drone.cancel(other.id);
    await setup.cleaned(PATIENCE_MS);
  });

  it('runs with an account that cannot read Secrets, Leases, Pods or logs, even if it had a token', async () => {
    const setup = await open();
    const { id } = setup.drone.createBuild({ yaml: pipeline(step('one', ['sleep 600'])), ...FORK });
    const running = () => setup.drone.step(id, 'one')?.status === 'running';
    await setup.drone.waitUntil('it runs', { timeoutMs: PATIENCE_MS }, running);
    const [pod]: readonly V1Pod[] = await setup.pods();
    const { namespace } = setup;
    expect(pod?.spec).toMatchObject({ automountServiceAccountToken: false });
    const user = `system:serviceaccount:${namespace}:${pod?.spec?.serviceAccountName}`;
    const mayNot = async (verb: string, group: string, path: string): Promise<boolean> => {
      const [resource, subresource] = path.split('/');
      const review = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user, resourceAttributes: { namespace, verb, group, resource, subresource } },
      };
      const answer = await setup.admin.create<KubernetesObject & { status?: { allowed: boolean } }>(
        { resource: REVIEWS },
        review,
        never,
      );
      return answer.status?.allowed === false;
    };
    expect(await mayNot('get', '', 'secrets')).toBe(true);
    expect(await mayNot('list', '', 'secrets')).toBe(true);
    expect(await mayNot('get', 'coordination.k8s.io', 'leases')).toBe(true);
    expect(await mayNot('list', '', 'pods')).toBe(true);
    expect(await mayNot('get', '', 'pods/log')).toBe(true);
    expect(await mayNot('create', '', 'pods')).toBe(true);
    const target = { resource: RESOURCE.leases, namespace };
    expect((await setup.admin.list(target, {}, never)).items.length).toBeGreaterThan(0);
    setup.drone.cancel(id);
    await setup.cleaned(PATIENCE_MS);
  });
});

it('every rule of the runner refuses one of these choices, or has a test of its own', () => {
  const rules = refusedChoices('node').map(([, rule]) => rule);
  const apart = [
    'HANGAR_UNTRUSTED_CACHES',
    'HANGAR_UNTRUSTED_HOST_ACCESS',
    'HANGAR_PRIVILEGED_IMAGES',
    'HANGAR_PRIVILEGED_ENVIRONMENT',
  ];
  const settings = Object.values(RULES).map(({ setting }) => setting);
  expect(settings.filter((setting) => !rules.includes(setting)).sort()).toEqual(apart.sort());
});

import { describe, expect, it } from 'vitest';
import { ANY, TRUSTED_ONLY } from '../restrict/restrictions.ts';
import { RULE_NAMES, RULES } from '../restrict/rule-table.ts';
import { loadConfig } from './load.ts';
import type { RunnerConfig } from './runner-config.ts';

const HOST = { hostname: 'pod-1', version: '0.1.0', namespace: 'ci' };
const LEAST = { DRONE_RPC_HOST: 'drone.acme.test', DRONE_RPC_SECRET: 'bea26a2221fd8090' };
/** Without it a warning says that the connection is not encrypted. */
const ENCRYPTED = { DRONE_RPC_PROTO: 'https' };

const files = (texts: Record<string, string>) => (path: string) => {
  const text = texts[path];
  if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
  return text;
};

function load(env: Record<string, string>, texts: Record<string, string> = {}): RunnerConfig {
  const loaded = loadConfig({ ...LEAST, ...env }, files(texts), HOST);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.ok;
}

function problemsOf(env: Record<string, string>, texts: Record<string, string> = {}): readonly string[] {
  const loaded = loadConfig(env, files(texts), HOST);
  return 'problems' in loaded ? loaded.problems : [];
}

describe('loadConfig', () => {
  it('requires only host and secret, and has the old runner’s defaults', () => {
    const config = load({});
    expect(config.server).toEqual({
      url: 'http://drone.acme.test',
      token: LEAST.DRONE_RPC_SECRET,
      skipVerify: false,
      dump: 'off',
    });
    expect(config.runner).toMatchObject({ name: 'pod-1', capacity: 100, labels: {}, cards: true });
    expect(config.http).toEqual({ host: '', port: 3000, ui: undefined });
    expect(config.compile).toMatchObject({
      cloneImage: 'drone/git:latest',
      gateImage: 'hangar-gate:0.1.0',
      gateVolume: 'auto',
      placeholderImage: 'hangar-gate:0.1.0',
      requests: { cpuMillicores: 100, memoryBytes: 104_857_600 },
      minRequests: { cpuMillicores: 1, memoryBytes: 4_194_304 },
      defaultNamespace: 'default',
      tmate: { enabled: true },
    });
    expect(config.plugins).toEqual({ secret: undefined, registry: undefined, environment: undefined });
    expect(config.pipelines).toEqual({ limitBytes: 1_048_576 });
    expect(config.lease).toEqual({ namespace: 'ci', termMs: 10_000, coordination: 'auto' });
    expect(config.warnings).toEqual([expect.stringContaining('DRONE_RPC_PROTO is http')]);
  });

  it.each([
    ['auto', 'auto'],
    ['init', 'init'],
    ['image', 'image'],
  ])('HANGAR_GATE_VOLUME=%s means %s', (HANGAR_GATE_VOLUME, gateVolume) => {
    expect(load({ HANGAR_GATE_VOLUME }).compile.gateVolume).toBe(gateVolume);
  });

  it('never uses the default namespace for the Lease: it may be a prefix for fresh namespaces', () => {
    const loaded = loadConfig({ ...LEAST, DRONE_NAMESPACE_DEFAULT: 'drone-' }, files({}), {
      ...HOST,
      namespace: '',
    });
    expect(loaded).toMatchObject({
      ok: { lease: { namespace: '' }, compile: { defaultNamespace: 'drone-' } },
    });
  });

  it('is deeply frozen', () => {
    const config = load({ DRONE_RUNNER_LABELS: 'pool:large' });
    expect(Object.isFrozen(config.runner.labels)).toBe(true);
    expect(Object.isFrozen(config.compile.tmate)).toBe(true);
  });

  it('reports all problems together, each with name and remedy, and no secret', () => {
    const problems = problemsOf({
      DRONE_RPC_SECRET: '',
      DRONE_RUNNER_CAPACITY: 'lots',
      DRONE_RUNNER_SECRETS: 'hush-hush',
      DRONE_SERVER_PORT: 'three',
      DRONE_SECRET_PLUGIN_ENDPOINT: 'plugin:3000',
    });
    expect(problems).toHaveLength(6);
    expect(problems.join('\n')).toMatch(/DRONE_RPC_HOST is not set[\s\S]*DRONE_RPC_SECRET is not set/);
    expect(problems.join('\n')).toMatch(/DRONE_RUNNER_CAPACITY .*"lots".*whole number/);
    expect(problems.join('\n')).toMatch(/DRONE_SECRET_PLUGIN_ENDPOINT is not an address.*http:/);
    expect(problems.join('\n')).not.toContain('hush-hush');
  });

  it('known issue 63: treats empty variables as unset, and allows colons in values', () => {
    const config = load({
      DRONE_RPC_SKIP_VERIFY: '',
      DRONE_RUNNER_CAPACITY: '',
      DRONE_RUNNER_ENVIRON: 'CACHE:http://cache:3128',
      DRONE_RUNNER_VOLUMES: '/etc/ssl:/etc/ssl:ro,/data:/data',
    });
    expect(config.environment).toEqual({ CACHE: 'http://cache:3128' });
    expect(config.compile.globalVolumes).toEqual([
      { hostPath: '/etc/ssl', containerPath: '/etc/ssl', readOnly: true },
      { hostPath: '/data', containerPath: '/data', readOnly: false },
    ]);
  });

  describe('values with which the previous runner started', () => {
    it('a capacity of 0 is a runner that takes nothing, with a warning', () => {
      const config = load({ ...ENCRYPTED, DRONE_RUNNER_CAPACITY: '0' });
      expect(config.runner.capacity).toBe(0);
      expect(config.warnings).toEqual([expect.stringContaining('accepts no stages')]);
    });

    it.each([
      ['DRONE_RESOURCE_LIMIT_CPU', (config: RunnerConfig) => config.compile.limits.cpuMillicores, 0],
      ['DRONE_RESOURCE_REQUEST_CPU', (config: RunnerConfig) => config.compile.requests.cpuMillicores, 0],
      ['DRONE_KUBE_CLIENT_BURST', (config: RunnerConfig) => config.kubernetes.burst, 100],
      [
        'DRONE_ENGINE_CONTAINER_START_TIMEOUT',
        (config: RunnerConfig) => config.kubernetes.startTimeoutMs,
        1_000,
      ],
    ])('%s below 0 counts as 0, with a warning', (name, value, want) => {
      const config = load({ ...ENCRYPTED, [name]: '-5' });
      expect(value(config)).toBe(want);
      expect(config.warnings).toEqual([`${name}=-5 counts as 0. Write 0, or unset ${name}`]);
    });

    it.each(['-', '--5', '-5m', '- 5'])('"%s" is no number, and refused as before', (text) => {
      expect(problemsOf({ ...LEAST, DRONE_RESOURCE_LIMIT_CPU: text })).toHaveLength(1);
    });

    it.each([
      [':http', { host: '', port: 80 }],
      ['127.0.0.1:https', { host: '127.0.0.1', port: 443 }],
      ['[::1]:http-alt', { host: '::1', port: 8080 }],
    ])('the listen address %s has a port by name', (DRONE_SERVER_PORT, want) => {
      expect(load({ DRONE_SERVER_PORT }).http).toMatchObject(want);
    });

    it.each([':gopher-ish', ':toString', ':'])('%s names no port', (DRONE_SERVER_PORT) => {
      expect(problemsOf({ ...LEAST, DRONE_SERVER_PORT })).toHaveLength(1);
    });

    it('DRONE_RUNNER_MAX_PROCS has no effect, and the warning names what has', () => {
      expect(load({ ...ENCRYPTED, DRONE_RUNNER_MAX_PROCS: '4' }).warnings).toEqual([
        expect.stringMatching(/^DRONE_RUNNER_MAX_PROCS has no effect: .*HANGAR_BUDGET_CPU/),
      ]);
    });
  });

  it('refuses a host with a scheme, from which no valid URL can be built', () => {
    expect(problemsOf({ ...LEAST, DRONE_RPC_HOST: 'https://drone.acme.test' })).toEqual([
      expect.stringContaining('DRONE_RPC_HOST contains a scheme'),
    ]);
  });

  it.each([
    ['a host with spaces', { DRONE_RPC_HOST: 'a b' }, /DRONE_RPC_HOST is not a host/],
    [
      'a secret with the line break of its file',
      { DRONE_RPC_SECRET: 's3cret\n' },
      /^DRONE_RPC_SECRET contains a line break/,
    ],
  ])('refuses %s', (_, env, want) => {
    expect(problemsOf({ ...LEAST, ...env })).toEqual([expect.stringMatching(want)]);
  });

  it('removes trailing slashes, which would lead to the web page', () => {
    const { server } = load({ DRONE_RPC_PROTO: 'https', DRONE_RPC_HOST: 'acme.test/drone//' });
    expect(server.url).toBe('https://acme.test/drone');
  });

  it.each([
    [':3000', '', 3000],
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['[::1]:8080', '::1', 8080],
    ['3000', '', 3000],
  ])('listens at %s', (text, host, port) => {
    expect(load({ DRONE_SERVER_PORT: text }).http).toMatchObject({ host, port });
  });

  it('ignores the variable that Kubernetes injects for a Service called drone-server', () => {
    const config = load({ DRONE_SERVER_PORT: 'tcp://10.0.0.7:80' });
    expect(config.http.port).toBe(3000);
    expect(config.warnings).toEqual([
      expect.stringContaining('DRONE_SERVER_PORT was set by Kubernetes'),
      expect.stringContaining('DRONE_RPC_PROTO is http'),
    ]);
  });

  it('known issue 33: DRONE_UI_DISABLE switches the dashboard off', () => {
    const ui = { DRONE_UI_USERNAME: 'u', DRONE_UI_PASSWORD: 'p' };
    expect(load(ui).http.ui).toEqual({ user: 'u', password: 'p', realm: 'MyRealm' });
    expect(load({ ...ui, DRONE_UI_DISABLE: 'true' }).http.ui).toBeUndefined();
  });

  it('dumps bodies only together with headers', () => {
    expect(load({ DRONE_RPC_DUMP_HTTP_BODY: 'true' }).server.dump).toBe('off');
    expect(load({ DRONE_RPC_DUMP_HTTP: '1', DRONE_RPC_DUMP_HTTP_BODY: 'true' }).server.dump).toBe('bodies');
  });

  it('accepts the former names, which take precedence', () => {
    const config = load({
      DRONE_REGISTRY_ENDPOINT: 'http://old/',
      DRONE_REGISTRY_PLUGIN_ENDPOINT: 'http://new/',
      DRONE_REGISTRY_SECRET: 'old-secret',
    });
    expect(config.plugins.registry).toEqual({
      endpoint: 'http://old/',
      token: 'old-secret',
      skipVerify: false,
    });
  });

  it('known issue 40: warns that a limit of steps has no effect', () => {
    const config = load({ DRONE_RUNNER_MAX_PROCS: '4', DRONE_HTTP_BIND: ':80', HANGAR_BUGDET_CPU: '4' });
    expect(config.warnings).toEqual([
      expect.stringContaining('DRONE_RPC_PROTO is http'),
      expect.stringContaining('DRONE_HTTP_BIND has no effect'),
      expect.stringContaining('DRONE_RUNNER_MAX_PROCS has no effect'),
      'HANGAR_BUGDET_CPU is not a setting of the runner; did you mean HANGAR_BUDGET_CPU?',
    ]);
  });

  it('reads what each node leaves to others, if stages wait for room on nodes', () => {
    const reserve = { HANGAR_BUDGET_NODES_RESERVE_CPU: '500m', HANGAR_BUDGET_NODES_RESERVE_MEMORY: '1Gi' };
    const on = { HANGAR_BUDGET_NODES: 'true' };
    expect(load(on).admission.nodesReserve).toEqual({ cpuMillicores: 0, memoryBytes: 0, pods: 0 });
    expect(load({ ...on, ...reserve, HANGAR_BUDGET_NODES_RESERVE_PODS: '9' }).admission.nodesReserve).toEqual(
      { cpuMillicores: 500, memoryBytes: 2 ** 30, pods: 9 },
    );
    expect(load(reserve).admission.nodesReserve).toBeUndefined();
  });

  it('reads the new settings', () => {
    const config = load({
      HANGAR_BUDGET_CPU: '64',
      HANGAR_BUDGET_MEMORY: '128Gi',
      HANGAR_WAIT_LIMIT: '6h',
      HANGAR_LOOK_AHEAD: '40',
      HANGAR_REPOSITORY_PIPELINES: '5',
      HANGAR_STEP_START: 'eager',
      HANGAR_RESOURCES: 'peak',
      HANGAR_REGISTRY_MIRRORS: 'docker.io:mirror.acme.test:5000',
    });
    expect(config.admission).toEqual({
      budgetCpuMillicores: 64_000,
      budgetMemoryBytes: 137_438_953_472,
      budgetPods: undefined,
      nodesReserve: undefined,
      waitLimitMs: 21_600_000,
      lookAhead: 40,
      repositoryPipelines: 5,
      recordRetentionMs: 172_800_000,
      keepFailedPods: 1,
    });
    expect(config.compile).toMatchObject({ startMode: 'eager', resources: 'peak', hardening: 'off' });
    expect(config.registry.mirrors).toEqual({ 'docker.io': 'mirror.acme.test:5000' });
  });

  it.each([
    ['claim:caches', { kind: 'claim', claimName: 'caches' }],
    ['/var/lib/cache', { kind: 'host', path: '/var/lib/cache' }],
  ])('reads where caches are kept: %s', (HANGAR_CACHE, storage) => {
    const limits = { HANGAR_CACHE_SIZE: '1Gi', HANGAR_CACHE_AGE: '7d', HANGAR_CACHE_TIMEOUT: '2m' };
    expect(load({ HANGAR_CACHE, ...limits }).compile.caches).toEqual({
      storage,
      maxBytes: 1_073_741_824,
      totalBytes: 53_687_091_200,
      maxAgeMs: 604_800_000,
      timeoutMs: 120_000,
    });
    expect(load(limits).compile.caches).toBeUndefined();
  });

  it.each(['caches', 'claim:', 'claim:Caches', '/', '/var/../etc', 'relative/path'])(
    'refuses %s as the place of caches',
    (HANGAR_CACHE) => {
      expect(problemsOf({ ...LEAST, HANGAR_CACHE })).toEqual([
        expect.stringMatching(/^HANGAR_CACHE .*claim:NAME/),
      ]);
    },
  );

  it('refuses a claim for caches where each build has a namespace of its own, but no path', () => {
    const fresh = { ...LEAST, DRONE_NAMESPACE_DEFAULT: 'drone-' };
    expect(problemsOf({ ...fresh, HANGAR_CACHE: 'claim:caches' })).toEqual([
      expect.stringContaining('HANGAR_CACHE is a claim'),
    ]);
    expect(problemsOf({ ...fresh, HANGAR_CACHE: '/var/lib/cache' })).toEqual([]);
  });

  it('reads proxies, upper case first', () => {
    const config = load({ HTTPS_PROXY: 'http://up:1', https_proxy: 'http://low:1', no_proxy: 'a' });
    expect(config.proxies).toEqual({ http: '', https: 'http://up:1', no: 'a' });
    expect(config.compile.proxies).toEqual({ https_proxy: 'http://up:1', no_proxy: 'a' });
  });
});

describe("the operator's files", () => {
  it('are merged with the variables as in the old runner', () => {
    const config = load(
      {
        DRONE_RUNNER_ENVIRON: 'A:var,B:var',
        DRONE_RUNNER_ENV_FILE: '/env',
        DRONE_NAMESPACE_RULES: 'prod:acme/one',
        DRONE_NAMESPACE_RULES_FILE: '/rules',
        HANGAR_IMAGE_COMMANDS: '/images',
      },
      {
        '/env': 'B=file\nC: file',
        '/rules': 'prod: [acme/*]\ntest: [acme/*, other/**]',
        '/images': 'plugins/slack:\n  entrypoint: [/bin/slack]\n"tool:2":\n  cmd: [run]',
      },
    );
    expect(config.environment).toEqual({ A: 'var', B: 'file', C: 'file' });
    expect(config.namespaceRules).toEqual({ prod: ['acme/one'], test: ['acme/*', 'other/**'] });
    expect(config.registry.imageCommands).toEqual({
      'plugins/slack': { entrypoint: ['/bin/slack'], cmd: [], stopSignal: '', user: '' },
      'docker.io/library/tool:2': { entrypoint: [], cmd: ['run'], stopSignal: '', user: '' },
    });
  });

  it('that are missing or malformed are reported with the file’s name', () => {
    const env = {
      ...LEAST,
      DRONE_RUNNER_ENV_FILE: '/gone',
      DRONE_POLICY_FILE: '/policies',
      DRONE_NAMESPACE_RULES_FILE: '/rules',
    };
    const problems = problemsOf(env, { '/policies': 'match: [a]', '/rules': 'a: {b: c}' });
    expect(problems).toEqual([
      expect.stringMatching(/DRONE_POLICY_FILE .*\/policies.*policy 1.match must be a map/),
      expect.stringMatching(/DRONE_RUNNER_ENV_FILE .*\/gone.*ENOENT.*unset/),
      expect.stringMatching(/DRONE_NAMESPACE_RULES_FILE .*\/rules.*a must be a list/),
    ]);
  });
});

describe('what pipelines may choose', () => {
  const namespaces = (env: Record<string, string>) => load(env).compile.restrictions.rules.namespaces;

  it('known issue 25: is by default what the old runner lets them choose, and more for trusted builds only', () => {
    const { rules, repositories } = load({}).compile.restrictions;
    expect(repositories).toEqual([]);
    for (const name of RULE_NAMES) {
      const isNew = RULES[name].sinceHangar === 'closed';
      expect([name, rules[name]]).toEqual([name, isNew ? TRUSTED_ONLY : ANY]);
    }
    expect(rules.capabilities).toEqual({ fork: [], ordinary: [], trusted: 'any' });
    expect(rules.tolerations).toEqual({ fork: 'any', ordinary: 'any', trusted: 'any' });
  });

  it('is what the settings say', () => {
    const { rules } = load({ HANGAR_UNTRUSTED_ROOT: 'fork:none', HANGAR_MAX_REQUEST_CPU: '2' }).compile
      .restrictions;
    expect(rules.root).toEqual({ fork: [], ordinary: 'any', trusted: 'any' });
    expect(rules.requestCpu).toEqual({ fork: 2000, ordinary: 2000, trusted: 'any' });
  });

  it('is reported where it cannot be read, with the syntax', () => {
    expect(
      problemsOf({ ...LEAST, HANGAR_UNTRUSTED_ROOT: 'fork:some', HANGAR_SERVICE_ACCOUNT: 'runner' }),
    ).toEqual([
      expect.stringContaining(
        'HANGAR_UNTRUSTED_ROOT is neither any nor none (given: "fork:some"). Write comma-separated `level:value`',
      ),
      expect.stringContaining('HANGAR_SERVICE_ACCOUNT is not a service account'),
    ]);
  });

  it('are only ruled namespaces where the rights are cluster-wide, unless a setting says otherwise', () => {
    const fresh = { DRONE_NAMESPACE_DEFAULT: 'drone-' };
    expect(namespaces(fresh)).toEqual({ fork: [], ordinary: [], trusted: 'any' });
    expect(namespaces({ ...fresh, DRONE_NAMESPACE_RULES: 'prod:acme/*' }).ordinary).toEqual(['prod']);
    expect(namespaces({ ...fresh, HANGAR_UNTRUSTED_NAMESPACES: 'any' }).fork).toBe('any');
    expect(namespaces({ DRONE_NAMESPACE_DEFAULT: 'drone' }).fork).toBe('any');
  });

  it("is never the runner's own account or the Leases' namespace, as far as they are known", () => {
    const own = { namespace: 'ci', name: 'hangar' };
    const loaded = loadConfig(LEAST, files({}), { ...HOST, account: own });
    expect(loaded).toMatchObject({ ok: { compile: { ownAccount: own, leaseNamespace: 'ci' } } });
    expect(load({ HANGAR_SERVICE_ACCOUNT: 'a/b' }).compile.ownAccount).toEqual({ namespace: 'a', name: 'b' });
    expect(load({}).compile.ownAccount).toBeUndefined();
  });
});

import { type Environment, readSettings, type SettingValues } from '@hangar/shared/config';
import { nearest } from '@hangar/shared/program/nearest';
import type { CompileSettings } from '../compile/settings.ts';
import { RANDOM_NAMESPACE } from '../pipeline/compiled.ts';
import type { Account } from '../restrict/pipeline-choices.ts';
import type { Restrictions } from '../restrict/restrictions.ts';
import { OperatorFiles } from './files.ts';
import { insecureConnections } from './insecure.ts';
import { PORT_NAMES, readAsBefore } from './previous-values.ts';
import { rulesOf } from './restriction-settings.ts';
import type { PluginConfig, RunnerConfig } from './runner-config.ts';
import { PROXY_NAMES, SETTINGS, WITHOUT_EFFECT } from './settings.ts';

/** Data about the process itself. `namespace`: its own namespace; empty if it runs outside a cluster. */
export interface Host {
  /** `POD_NAME` if set, since Pods on the host network share its host name. */
  readonly hostname: string;
  /** `POD_UID`; without it, a restarted process waits for half a Lease term before it takes its former Lease. */
  readonly podUid?: string;
  /** `POD_NAME`, or the Pod of the service account's token; empty outside a cluster. */
  readonly podName?: string;
  readonly version: string;
  readonly namespace: string;
  /** The service account of the process's Pod; undefined if it runs outside a cluster. */
  readonly account?: Account | undefined;
}

/** The configuration, or all problems with it. */
export type Loaded = { readonly ok: RunnerConfig } | { readonly problems: readonly string[] };

const CAPACITY_ZERO =
  'DRONE_RUNNER_CAPACITY is 0: this runner accepts no stages. Unset it, or set it to the number of stages at once';

type Read = SettingValues<typeof SETTINGS>;

/**
 * Reads the whole configuration once (previous-runner §1, §10).
 *
 * @param env variables, with those of dotenv files merged in (`withDotenv`)
 * @param readFile returns the text of a file; its exceptions become problems
 * @returns a frozen configuration, or every problem, each with variable, error and remedy
 */
export function loadConfig(env: Environment, readFile: (path: string) => string, host: Host): Loaded {
  const { env: given, warnings: injected } = withoutServiceLinks(env);
  const { env: usable, warnings: odd } = readAsBefore(given);
  const { values, problems } = readSettings(SETTINGS, usable);
  const files = new OperatorFiles(readFile);
  const config = assemble(values, usable, files, host);
  const all = [...problems, ...files.problems, ...crossChecks(values)];
  if (all.length > 0) return { problems: all };
  const idle = values.capacity === 0 ? [CAPACITY_ZERO] : [];
  const warnings = [
    ...injected,
    ...odd,
    ...idle,
    ...insecureConnections(values),
    ...files.warnings,
    ...withoutEffect(usable),
    ...misspelt(usable),
  ];
  return { ok: deepFreeze({ ...config, warnings }) };
}

function assemble(
  values: Read,
  env: Environment,
  files: OperatorFiles,
  host: Host,
): Omit<RunnerConfig, 'warnings'> {
  const policies = files.policies(values.policyFile);
  const environment = { ...values.environ, ...files.environment(values.envFile) };
  const namespaceRules = {
    ...files.namespaceRules(values.namespaceRulesFile),
    ...singleGlobs(values.namespaceRules),
  };
  const ruled = Object.keys(namespaceRules);
  return {
    server: serverOf(values),
    runner: runnerOf(values, host),
    http: httpOf(values),
    kubernetes: kubernetesOf(values),
    gate: { chosen: values.gateImage, own: values.ownImage, version: host.version },
    compile: {
      ...compileOf(values, env, host),
      ...restrictionsOf(values, host, { ruled, repositories: policies.repositories }),
      policies: policies.policies,
    },
    plugins: pluginsOf(values),
    secrets: values.secrets,
    environment,
    dockerConfigPath: values.dockerConfig,
    namespaceRules,
    admission: {
      budgetCpuMillicores: values.budgetCpuMillicores,
      budgetMemoryBytes: values.budgetMemoryBytes,
      budgetPods: values.budgetPods,
      nodesReserve: nodesReserveOf(values),
      waitLimitMs: values.waitLimitMs,
      lookAhead: values.lookAhead,
      repositoryPipelines: values.repositoryPipelines,
      recordRetentionMs: values.recordRetentionMs,
      keepFailedPods: values.keepFailedPods,
    },
    pipelines: { limitBytes: values.pipelineLimitBytes },
    logs: { limitBytes: values.logLimitBytes, memoryBytes: values.logMemoryBytes },
    lease: leaseOf(values, host),
    registry: registryOf(values, files),
    proxies: { http: proxy(env, 'http_proxy'), https: proxy(env, 'https_proxy'), no: proxy(env, 'no_proxy') },
    logLevel: values.trace ? 'trace' : values.debug ? 'debug' : 'info',
  };
}

const nodesReserveOf = (values: Read): RunnerConfig['admission']['nodesReserve'] =>
  values.budgetNodes
    ? {
        cpuMillicores: values.budgetNodesReserveCpu,
        memoryBytes: values.budgetNodesReserveMemory,
        pods: values.budgetNodesReservePods,
      }
    : undefined;

const registryOf = (values: Read, files: OperatorFiles): RunnerConfig['registry'] => ({
  plainHttp: values.registryPlainHttp,
  privateRegistries: values.privateRegistries,
  mirrors: values.registryMirrors,
  imageCommands: files.imageCommands(values.imageCommands),
});

function serverOf(values: Read): RunnerConfig['server'] {
  return {
    url: `${values.rpcProto}://${values.rpcHost.trim().replace(/\/+$/, '')}`,
    token: values.rpcSecret,
    skipVerify: values.rpcSkipVerify,
    dump: values.rpcDump ? (values.rpcDumpBody ? 'bodies' : 'heads') : 'off',
  };
}

function runnerOf(values: Read, host: Host): RunnerConfig['runner'] {
  return {
    // With an empty machine name the server could assign a stage twice (drone-rpc §2.2).
    name: values.name.trim() || host.hostname || 'hangar',
    capacity: values.capacity,
    labels: values.labels,
    limits: { repos: values.limitRepos, events: values.limitEvents, trusted: values.limitTrusted },
    cards: values.cards !== 'false',
  };
}

function httpOf(values: Read): RunnerConfig['http'] {
  const { uiUser: user, uiPassword: password, uiRealm: realm } = values;
  const ui = values.uiDisable || password === '' ? undefined : { user, password, realm };
  return { ...(readListen(values.listen) ?? { host: '', port: 0 }), ui, token: values.httpToken };
}

/** `host:port`, `:port`, `[::1]:port`, or a bare port; the port by number or common name. */
function readListen(text: string): { host: string; port: number } | undefined {
  const [, bracketed, plain, digits, name = ''] =
    /^(?:(?:\[([^\]]*)\]|([^:]*)):)?(?:(\d{1,5})|([a-z-]+))$/.exec(text.trim()) ?? [];
  const port = digits === undefined ? PORT_NAMES.get(name) : Number(digits);
  return port === undefined || port > 65_535 ? undefined : { host: bracketed ?? plain ?? '', port };
}

function kubernetesOf(values: Read): RunnerConfig['kubernetes'] {
  return {
    kubeconfig: values.kubeconfig,
    qps: values.qps || SETTINGS.qps.fallback,
    burst: values.burst || SETTINGS.burst.fallback,
    startTimeoutMs: Math.max(1, values.startTimeoutSeconds) * 1_000,
    schedulingTimeoutMs: values.schedulingTimeoutMs,
    imagePullPatienceMs: values.imagePullPatienceMs,
    nodeLostPatienceMs: values.nodeLostPatienceMs,
  };
}

type RestrictionSettings = Pick<CompileSettings, 'restrictions' | 'ownAccount' | 'leaseNamespace'>;

function restrictionsOf(
  values: Read,
  host: Host,
  { ruled, repositories }: Pick<Restrictions, 'repositories'> & { readonly ruled: readonly string[] },
): RestrictionSettings {
  const isFresh = values.namespace === RANDOM_NAMESPACE;
  return {
    restrictions: {
      rules: rulesOf(values, { isFresh, ruled }),
      repositories,
    },
    ownAccount: accountOf(values.ownAccount) ?? host.account,
    leaseNamespace: leaseOf(values, host).namespace,
  };
}

/** `namespace/name`. */
function accountOf(text: string): Account | undefined {
  const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(text.trim()) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

function compileOf(
  values: Read,
  env: Environment,
  host: Host,
): Omit<CompileSettings, keyof RestrictionSettings | 'policies'> {
  const gateImage = values.gateImage || `hangar-gate:${host.version}`;
  return {
    cloneImage: values.cloneImage,
    gateImage,
    gateVolume: values.gateVolume,
    placeholderImage: values.placeholderImage || gateImage,
    globalVolumes: Object.entries(values.volumes).map(([hostPath, target]) => volumeOf(hostPath, target)),
    privilegedImages: values.privilegedImages,
    netrcCloneOnly: values.netrcCloneOnly,
    limits: { cpuMillicores: values.limitCpu, memoryBytes: values.limitMemory },
    requests: { cpuMillicores: values.requestCpu, memoryBytes: values.requestMemory },
    minRequests: { cpuMillicores: values.minRequestCpu, memoryBytes: values.minRequestMemory },
    defaultNamespace: values.namespace,
    defaultServiceAccount: values.serviceAccount,
    defaultNodeSelector: values.nodeSelector,
    defaultAnnotations: values.annotations,
    defaultLabels: values.podLabels,
    proxies: proxiesOf(env),
    tmate: tmateOf(values),
    startMode: values.stepStart,
    hardening: values.hardening,
    runAsUser: values.runAsUser,
    resources: values.resources,
    deadlineSlackMs: values.deadlineSlackMs,
    keepFailedMs: values.keepFailedMs ?? 0,
    keepFailedMaxMs: values.keepFailedMaxMs ?? 0,
    caches: cachesOf(values),
  };
}

const cachesOf = (values: Read): CompileSettings['caches'] =>
  values.cache && {
    storage: values.cache,
    maxBytes: values.cacheSizeBytes,
    totalBytes: values.cacheTotalBytes,
    maxAgeMs: values.cacheAgeMs,
    timeoutMs: values.cacheTimeoutMs,
  };

function proxiesOf(env: Environment): CompileSettings['proxies'] {
  const entries = PROXY_NAMES.map((name) => [name, proxy(env, name)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

function volumeOf(hostPath: string, target: string): CompileSettings['globalVolumes'][number] {
  const [, containerPath = target, mode] = /^(.*?)(?::(ro|rw))?$/.exec(target) ?? [];
  return { hostPath, containerPath, readOnly: mode === 'ro' };
}

function tmateOf(values: Read): CompileSettings['tmate'] {
  return {
    enabled: values.tmateEnabled,
    image: values.tmateImage,
    host: values.tmateHost,
    port: values.tmatePort,
    fingerprintRsa: values.tmateRsa,
    fingerprintEd25519: values.tmateEd25519,
  };
}

function pluginsOf(values: Read): RunnerConfig['plugins'] {
  return {
    secret: plugin(values.secretEndpoint, values.secretToken, values.secretSkipVerify),
    registry: plugin(values.registryEndpoint, values.registryToken, values.registrySkipVerify),
    environment: plugin(values.envEndpoint, values.envToken, values.envSkipVerify),
  };
}

function plugin(endpoint: string, token: string, skipVerify: boolean): PluginConfig | undefined {
  return endpoint === '' ? undefined : { endpoint: endpoint.trim(), token, skipVerify };
}

function leaseOf(values: Read, host: Host): RunnerConfig['lease'] {
  return {
    namespace: values.leaseNamespace || host.namespace,
    termMs: values.leaseTermMs,
    coordination: values.coordination,
  };
}

function singleGlobs(rules: Readonly<Record<string, string>>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(rules).map(([namespace, glob]) => [namespace, [glob]]));
}

function proxy(env: Environment, name: string): string {
  return env[name.toUpperCase()] || env[name] || '';
}

/** Checks that involve more than one setting. */
function crossChecks(values: Read): readonly string[] {
  const { listen } = values;
  const problems: string[] = [];
  problems.push(...serverProblems(values));
  if (readListen(listen) === undefined) {
    problems.push(
      `DRONE_SERVER_PORT is not a listen address (given: ${JSON.stringify(listen)}). Write :3000 or 127.0.0.1:3000`,
    );
  }
  if (values.cache?.kind === 'claim' && values.namespace === RANDOM_NAMESPACE) {
    problems.push(
      'HANGAR_CACHE is a claim, but each build has a namespace of its own (DRONE_NAMESPACE_DEFAULT=drone-), where no claim is. Write a path of the nodes, or set another namespace',
    );
  }
  if (values.ownAccount !== '' && accountOf(values.ownAccount) === undefined) {
    problems.push(
      `HANGAR_SERVICE_ACCOUNT is not a service account (given: ${JSON.stringify(values.ownAccount)}). Write namespace/name`,
    );
  }
  const endpoints = {
    DRONE_SECRET_PLUGIN_ENDPOINT: values.secretEndpoint,
    DRONE_REGISTRY_PLUGIN_ENDPOINT: values.registryEndpoint,
    DRONE_ENV_PLUGIN_ENDPOINT: values.envEndpoint,
  };
  for (const [name, endpoint] of Object.entries(endpoints)) {
    if (endpoint !== '' && !isHttpUrl(endpoint))
      problems.push(
        `${name} is not an address (given: ${JSON.stringify(endpoint)}). Write http://host:port/path`,
      );
  }
  return problems;
}

function serverProblems({ rpcHost, rpcSecret }: Read): readonly string[] {
  const problems: string[] = [];
  const given = `(given: ${JSON.stringify(rpcHost)})`;
  if (/^[a-z]+:\/\//i.test(rpcHost)) {
    problems.push(
      `DRONE_RPC_HOST contains a scheme ${given}. Write only the host, and set the scheme in DRONE_RPC_PROTO`,
    );
  } else if (rpcHost !== '' && !URL.canParse(`http://${rpcHost.trim()}`)) {
    problems.push(`DRONE_RPC_HOST is not a host ${given}. Write host or host:port`);
  }
  // A trailing line break, common in a Kubernetes Secret, is not allowed in an HTTP header.
  if ([...rpcSecret].some((char) => char < ' ')) {
    problems.push(
      'DRONE_RPC_SECRET contains a line break or another control character. Remove it here and in the server',
    );
  }
  return problems;
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text.trim()) && URL.canParse(text.trim());
}

/** Kubernetes injects `DRONE_SERVER_PORT=tcp://…` for a Service called `drone-server`: it is not a setting. */
function withoutServiceLinks(env: Environment): { env: Environment; warnings: readonly string[] } {
  const injected = [...Object.keys(SETTINGS)]
    .map((word) => SETTINGS[word as keyof typeof SETTINGS].name)
    .filter((name) => name.endsWith('_PORT') && /^(tcp|udp):\/\//.test(env[name] ?? ''));
  const rest = Object.fromEntries(Object.entries(env).filter(([name]) => !injected.includes(name)));
  const warnings = injected.map(
    (name) =>
      `${name} was set by Kubernetes for a Service of that name and is ignored; set enableServiceLinks: false to avoid it`,
  );
  return { env: rest, warnings };
}

function withoutEffect(env: Environment): readonly string[] {
  return Object.entries(WITHOUT_EFFECT)
    .filter(([name]) => !['', '0'].includes(env[name] ?? ''))
    .map(([name, why]) => `${name} has no effect: ${why}`);
}

/** An unknown `HANGAR_*` name is a misspelling; an unknown `DRONE_*` name may belong to the server. */
function misspelt(env: Environment): readonly string[] {
  const known = new Set<string>(Object.values(SETTINGS).map(({ name }) => name));
  const serviceLink = /_(SERVICE_HOST|SERVICE_PORT\w*|PORT|PORT_\d+_\w+)$/;
  return Object.keys(env)
    .filter((name) => name.startsWith('HANGAR_') && !known.has(name) && !serviceLink.test(name))
    .map((name) => {
      const meant = nearest(name, known);
      return `${name} is not a setting of the runner${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}

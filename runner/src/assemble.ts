import { tmpdir } from 'node:os';
import { type Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Connection } from '@hangar/shared/kubernetes/connection';
import { type ApiCall, type CallObserver, HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import type { Logger } from '@hangar/shared/logger';
import { RateLimit } from '@hangar/shared/rate-limit';
import { judgeEachPod, queueOf } from './admission-parts.ts';
import { secretContents } from './adopt/contents.ts';
import { CancelWatches } from './cancel/cancel-watches.ts';
import type { RunnerConfig } from './config/runner-config.ts';

import { createDroneClient, type DroneClient } from './edges/drone-http.ts';
import { ProcessLogTrial } from './edges/log-trial.ts';
import { IsolatedParser } from './edges/parse-in-process.ts';
import { createEnvironmentPlugin, createRegistryPlugin, createSecretPlugin } from './edges/plugin-http.ts';
import { hostAndPort } from './edges/registry-address.ts';
import { createImageLookup } from './edges/registry-http.ts';
import { ServerOutage } from './edges/server-outage.ts';
import { SpillFile } from './edges/spill-file.ts';
import { gateImageOf, withGateImage, withRights } from './granted-parts.ts';
import { recordedServer } from './history/recorded-server.ts';
import type { StageHistory } from './history/stage-history.ts';
import { usualLookAhead } from './intake.ts';
import { GateVolumes } from './launch/gate-volumes.ts';
import { PodOrigin, podKeyOf } from './launch/pod-origin.ts';
import type { Holder } from './lease/holder.ts';
import { IndependentReplica } from './lease/independent.ts';
import { LeaseValidity } from './lease/lease-validity.ts';
import { OwnLease } from './lease/own-lease.ts';
import { clusterLogSource } from './logs/cluster-log-source.ts';
import { LogMemory } from './logs/log-memory.ts';
import { serverStepLogs } from './logs/server-step-logs.ts';
import { type EdgeObserver, observedLogs, observedServer, observedTries } from './metrics/edge-observer.ts';
import type { Granted } from './permissions/review.ts';
import { RANDOM_NAMESPACE } from './pipeline/compiled.ts';
import type { CiServer } from './ports/ci-server.ts';
import type { LogSource } from './ports/log-source.ts';
import type { LogTrial } from './ports/log-trial.ts';
import type { Overflow } from './ports/overflow.ts';
import type { GateChoice } from './prepare/gate-image.ts';
import { type IndependentParts, runIndependently } from './run-independently.ts';
import { type RunnerOptions, type RunnerParts, run } from './runner.ts';
import { type DraftParts, draft } from './stage/draft.ts';
import type { StageEvents } from './stage/stage-parts.ts';
import { SuspectTurns } from './stage/suspect-turns.ts';
import { StageRegistry } from './stage-registry.ts';
import { watchEvents } from './watch/event-watch.ts';
import { NodeWatch, type NodeWatchParts } from './watch/node-watch.ts';
import { PodWatch } from './watch/pod-watch.ts';
import type { Patience } from './watch/trouble.ts';

/** What the outside gives: time, chance, the two servers, and who counts. */
export interface Outside {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly connection: Connection;
  readonly readFile: (path: string) => Promise<string>;
  readonly print: (text: string) => void;
  /** Named by its Lease. */
  readonly holder: Holder;
  readonly events: StageEvents;
  readonly observer: CallObserver;
  /** Who hears of calls of the Drone server, of logs, and of our own pace. */
  readonly edges?: EdgeObserver;
  /** What the dashboard shows of stages; absent: there is no dashboard. */
  readonly history?: StageHistory | undefined;
  serverAnswered(): void;
}

/** A runner that is put together and not begun. */
export interface Assembly {
  /** What both ways to work share: rights decide on the others only when they are known. */
  readonly parts: RunnerParts;
  readonly options: RunnerOptions;
  readonly ciServer: DroneClient;
  readonly outage: ServerOutage;
  readonly validity: LeaseValidity;
  /** As Pods name this replica. */
  readonly owner: string;
  /** The image that the gate is taken from, in each Pod. */
  gateImage(
    pod: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<GateChoice>;
  /** Works until it is told to stop, in the way that its rights allow. */
  run(how: { readonly granted: Granted; readonly gateImage: string }, stop: AbortSignal): Promise<void>;
  /** Follows the Events of Pods in these namespaces (empty = all), for the logs; ends with its signal, or where the right is missing. */
  watchEvents(namespaces: readonly string[], signal: AbortSignal): Promise<void>;
  /** The nodes that stages wait for room on (`HANGAR_BUDGET_NODES`). */
  readonly nodes: NodeWatch | undefined;
  close(): Promise<void>;
}

/** Puts a runner together from its configuration; nothing is asked of anybody yet. */
export function assemble(config: RunnerConfig, outside: Outside): Assembly {
  const { clock, random, log } = outside;
  const pace = new RateLimit(clock, { perSecond: config.kubernetes.qps, burst: config.kubernetes.burst });
  const validity = new LeaseValidity(clock, config.lease.termMs);
  const cluster = new HttpCluster(clock, outside.connection, paced(pace, validity, outside));
  const outage = new ServerOutage(clock, log);
  const ciServer = droneOf(config, { ...outside, outage, validity });
  const source = logSourceOf(cluster, outside);
  const drafting = draftParts(config, outside);
  const { parts, options, independent, nodes } = wire(config, outside, {
    cluster,
    ciServer: outside.history ? recordedServer(ciServer, outside.history) : ciServer,
    source,
    drafting,
    validity,
    overflow: new SpillFile(tmpdir()),
    trial: new ProcessLogTrial({ ...config.logs, ...config.runner, clock, source }),
  });
  let { owner } = parts.lease;
  const close = async (): Promise<void> => {
    pace.close();
    await Promise.all([ciServer.close(), outside.connection.close()]);
  };
  const tell = parts.podWatch.notice.bind(parts.podWatch);
  const watch = async (namespaces: readonly string[], signal: AbortSignal): Promise<void> => {
    const each = namespaces.map((name) => watchEvents({ clock, random, cluster, log, tell }, name, signal));
    await Promise.all(each);
  };
  return {
    ...{ parts, options, ciServer, outage, validity, watchEvents: watch, nodes, close },
    get owner() {
      return owner;
    },
    gateImage: (pod, signal) => gateImageOf(config.gate, { cluster, prepare: drafting.prepare, pod }, signal),
    run: ({ granted, gateImage }, stop) => {
      const hasImage = withGateImage(drafting.settings, gateImage);
      // A replica that works for itself finishes its builds before it exits: it would wait for the containers that it keeps.
      const settings = granted.coordination === 'leases' ? hasImage : { ...hasImage, ...KEEPS_NOTHING };
      const able: RunnerParts = {
        ...withRights(parts, granted, options.namespaces),
        draft: (detail, signal) => draft({ ...drafting, settings }, detail, signal),
      };
      if (granted.coordination === 'leases') return run(able, options, stop);
      ({ owner } = independent.lease);
      return runIndependently({ ...able, ...independent }, options, stop);
    },
  };
}

const KEEPS_NOTHING = { keepFailedMs: 0, keepFailedMaxMs: 0 } as const;

/** All by which a runner reaches others. */
export interface Ports {
  readonly cluster: Cluster;
  readonly ciServer: CiServer;
  readonly source: LogSource;
  readonly drafting: DraftParts;
  readonly validity: LeaseValidity;
  readonly overflow: Overflow;
  readonly trial: LogTrial;
}

/** Everything behind the ports. */
export function wire(
  config: RunnerConfig,
  outside: Pick<Outside, 'clock' | 'random' | 'log' | 'holder' | 'events' | 'serverAnswered' | 'history'> & {
    readonly connection: Pick<Connection, 'namespace'>;
  },
  { cluster, ciServer, source, drafting, validity, overflow, trial }: Ports,
): Pick<Assembly, 'parts' | 'options' | 'nodes'> & {
  readonly independent: Pick<IndependentParts, 'lease' | 'queue'>;
} {
  const { clock, random, log, holder } = outside;
  const server = originOf(config.server.url);
  const registry = new StageRegistry();
  const namespace = config.lease.namespace || outside.connection.namespace;
  const podWatch = podWatchOf(cluster, outside);
  const origin = new PodOrigin({ cluster, log }, podKeyOf(config.server.token, 'signature'));
  judgeEachPod(origin, podWatch);
  const nodes = nodeWatchOf(config, { clock, cluster, log });
  const known = { origin, podWatch, registry, nodes };
  const { limitBytes, memoryBytes } = config.logs;
  const memory = new LogMemory(memoryBytes, { log, overflow });
  const { cards } = config.runner;
  const parts: RunnerParts = {
    ...{ clock, ciServer, cluster, log, registry, podWatch, origin },
    events: outside.events,
    stepLogs: serverStepLogs({
      ...{ clock, ciServer, log, random, source, memory, limitBytes, cards, trial },
      refused: (stepId, text) => outside.history?.notStored(stepId, text),
    }),
    suspects: new SuspectTurns(),
    queue: queueOf(config, known, { clock, cluster, log, namespace }),
    lease: new OwnLease(
      { clock, cluster, log, validity },
      { namespace, holder, termMs: config.lease.termMs, server },
    ),
    cancelWatches: new CancelWatches({ clock, ciServer, log }),
    gateVolumes: new GateVolumes({ clock, log, setting: config.compile.gateVolume, hasEvents: () => true }),
    patience: patienceOf(config),
    contents: secretContents,
    waitLimitMs: config.admission.waitLimitMs ?? Number.POSITIVE_INFINITY,
    retentionMs: config.admission.recordRetentionMs,
    keepFailedPods: config.admission.keepFailedPods,
    draft: (detail, signal) => draft(drafting, detail, signal),
  };
  const lease = new IndependentReplica({ holder, namespace: outside.connection.namespace, server });
  const independent = { lease, queue: queueOf(config, known, undefined) };
  return { parts, options: optionsOf(config, outside, namespace), independent, nodes };
}

/** What tells one Drone server from another: scheme, host and port. */
const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url);

function optionsOf(
  config: RunnerConfig,
  outside: Pick<Outside, 'random' | 'serverAnswered'>,
  leaseNamespace: string,
): RunnerOptions {
  const { name, labels, capacity } = config.runner;
  return {
    machine: name,
    filter: { kind: 'pipeline', type: 'kubernetes', labels },
    capacity,
    lookAhead: config.admission.lookAhead ?? usualLookAhead(capacity),
    namespaces: namespacesOf(config),
    leaseNamespace,
    random: outside.random,
    serverAnswered: () => outside.serverAnswered(),
  };
}

const nodeWatchOf = ({ admission }: RunnerConfig, parts: NodeWatchParts): NodeWatch | undefined =>
  admission.nodesReserve && new NodeWatch(parts, admission.nodesReserve);

function podWatchOf(cluster: Cluster, { clock, log }: Pick<Outside, 'clock' | 'log'>): PodWatch {
  return new PodWatch(clock, cluster, {
    onTrouble: (namespace, { status, message }) =>
      log.warn({ namespace, status, reason: message }, 'the watch of Pods failed'),
  });
}

/** How long what may mend itself is given. */
export function patienceOf({ kubernetes }: RunnerConfig): Patience {
  const { imagePullPatienceMs, nodeLostPatienceMs, startTimeoutMs, schedulingTimeoutMs } = kubernetes;
  return {
    imagePullMs: imagePullPatienceMs,
    nodeLostMs: nodeLostPatienceMs,
    startMs: startTimeoutMs,
    schedulingMs: schedulingTimeoutMs,
  };
}

/** The client of the Drone server that the settings name. Also used by `doctor`. */
export function droneOf(
  config: RunnerConfig,
  outside: Pick<Outside, 'clock' | 'random' | 'log' | 'print' | 'edges'> & {
    readonly outage?: ServerOutage;
    readonly validity?: LeaseValidity;
  },
): DroneClient {
  const { clock, random, log, print, outage, validity, edges } = outside;
  const { url, token, skipVerify, dump } = config.server;
  const heard = {
    ...(outage ? { outage } : {}),
    ...(validity ? { beforeWrite: () => validity.assertHeld() } : {}),
    ...(edges ? { retried: observedTries(edges) } : {}),
  };
  const client = createDroneClient(
    { clock, random, log, dump: print, ...heard },
    {
      ...{ baseUrl: url, token, skipVerify, dump, proxies: config.proxies },
      pipelineLimitBytes: config.pipelines.limitBytes,
    },
  );
  return edges ? observedServer(client, edges) : client;
}

function logSourceOf(cluster: Cluster, { clock, edges }: Outside): LogSource {
  const source = clusterLogSource(cluster);
  return edges ? observedLogs(clock, source, edges) : source;
}

/** What a draft asks of others. Also used by `exec`, which has no server. */
export function draftParts(
  config: RunnerConfig,
  outside: Pick<Outside, 'clock' | 'random' | 'readFile'> &
    Partial<Pick<Outside, 'log'>> & { readonly connection?: Pick<Connection, 'server'> },
): DraftParts {
  const { clock, random } = outside;
  const { secret, registry, environment } = config.plugins;
  const { imageCommands, ...registries } = config.registry;
  const plugin = <T>(
    create: (clock: Clock, options: NonNullable<typeof secret> & { proxies: RunnerConfig['proxies'] }) => T,
    of: typeof secret,
  ): T | undefined => of && create(clock, { ...of, proxies: config.proxies });
  return {
    clock,
    random,
    settings: config.compile,
    nameKey: podKeyOf(config.server.token, 'name'),
    access: config.runner.limits,
    namespaceRules: config.namespaceRules,
    parser: new IsolatedParser(clock),
    fileLimitBytes: config.pipelines.limitBytes,
    prepare: {
      clock,
      environment: config.environment,
      runnerSecrets: config.secrets,
      secretPlugin: plugin(createSecretPlugin, secret),
      registryPlugin: plugin(createRegistryPlugin, registry),
      environmentPlugin: plugin(createEnvironmentPlugin, environment),
      readDockerConfig: () =>
        config.dockerConfigPath ? outside.readFile(config.dockerConfigPath) : Promise.resolve(undefined),
      images: createImageLookup(clock, {
        ...registries,
        table: imageCommands,
        proxies: config.proxies,
        ...(outside.connection ? { apiServer: hostAndPort(outside.connection.server) } : {}),
        ...(outside.log ? { log: outside.log } : {}),
      }),
    },
  };
}

/**
 * Our own pace before each call but watches and logs; a 429 slows it down. A write waits for its turn first, and is refused if the Lease has
 * expired by then.
 */
function paced(pace: RateLimit, validity: LeaseValidity, { clock, observer, edges }: Outside): CallObserver {
  return {
    before: async (call, signal) => {
      if (call.verb === 'watch' || call.verb === 'log') return observer.before?.(call, signal);
      const fromMs = clock.monotonicMs();
      // A Lease that is renewed too late costs this replica all it does: it goes before what waits.
      await pace.enter(signal, call.resource === 'leases' ? 'urgent' : 'usual');
      edges?.held(clock.monotonicMs() - fromMs);
      await observer.before?.(call, signal);
      if (isWrite(call)) validity.assertHeld();
    },
    after: (call, status, durationMs) => {
      if (status === 429) pace.slowDown();
      observer.after?.(call, status, durationMs);
    },
  };
}

/** Taking the Lease and keeping it is decided by the Lease itself. */
const isWrite = ({ verb, resource }: ApiCall): boolean =>
  resource !== 'leases' && ['create', 'update', 'patch', 'delete'].includes(verb);

/** Where Pods may be: the default namespace and those that policies and rules name. A random one is found by its Lease. */
export function namespacesOf(config: RunnerConfig): readonly string[] {
  const { defaultNamespace, policies } = config.compile;
  return [defaultNamespace, ...policies.map((policy) => policy.namespace)].filter(
    (name) => name !== '' && name !== RANDOM_NAMESPACE,
  );
}

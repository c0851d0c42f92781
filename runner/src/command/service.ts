import { readFile } from 'node:fs/promises';
import type { Clock } from '@hangar/shared/clock';
import type { Connection } from '@hangar/shared/kubernetes/connection';
import type { ApiCall } from '@hangar/shared/kubernetes/http-cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';
import type { Placement } from '../admit/placement.ts';
import { type Assembly, assemble } from '../assemble.ts';
import type { Host } from '../config/load.ts';
import type { RunnerConfig } from '../config/runner-config.ts';
import { StagesAhead } from '../demand/stages-ahead.ts';
import { processIdentity } from '../edges/process-identity.ts';
import { StageHistory } from '../history/stage-history.ts';
import { Heartbeat, type Unreported } from '../http/health.ts';
import type { DashboardSources, HttpParts } from '../http/http-parts.ts';
import type { Holder } from '../lease/holder.ts';
import type { EdgeObserver } from '../metrics/edge-observer.ts';
import { LivingOwners } from '../metrics/living-owners.ts';
import { orphanedPods, unschedulablePods } from '../metrics/pod-counts.ts';
import { type Picture, RunnerMetrics } from '../metrics/runner-metrics.ts';
import type { ReviewedNamespaces } from '../permissions/review.ts';
import { LABEL, RANDOM_NAMESPACE } from '../pipeline/compiled.ts';

/** A runner with its metrics, health checks and HTTP server. */
export interface Service {
  readonly assembly: Assembly;
  readonly heartbeat: Heartbeat;
  readonly owners: LivingOwners;
  readonly http: HttpParts;
}

/** The dependencies of the service. */
export interface ServiceParts {
  readonly config: RunnerConfig;
  readonly connection: Connection;
  readonly log: Logger;
  readonly clock: Clock;
  /** Random number, 0 ≤ x < 1. */
  readonly random: () => number;
  readonly host: Host;
  /** Prints lines for the operator, beside the log. */
  readonly print: (text: string) => void;
  /** The 99th percentile of the event loop's delay, in milliseconds. */
  readonly eventLoopLagMs: () => number;
  /** The latest records of `log`, for the dashboard. */
  readonly recentLog?: DashboardSources['log'];
  /** Also called after each response of the Kubernetes API. */
  readonly called?: (call: ApiCall, status: number) => void;
}

/** Wires runner, metrics, health and HTTP together; starts nothing. */
export function createService(parts: ServiceParts): Service {
  const { config, log, clock, random, host } = parts;
  const about = { version: host.version, machine: config.runner.name, capacity: config.runner.capacity };
  const heartbeat = new Heartbeat(clock);
  const history = config.http.ui && new StageHistory();
  const ahead = new StagesAhead(clock, config.runner.labels);
  const metrics = new RunnerMetrics(clock, about);
  const assembly = assemble(config, {
    clock,
    random,
    log,
    connection: parts.connection,
    readFile: (path) => readFile(path, 'utf8'),
    print: parts.print,
    holder: holderOf(parts),
    events: metrics,
    observer: {
      after: (call, status, durationMs) => {
        metrics.after(call, status, durationMs);
        parts.called?.(call, status);
      },
    },
    edges: heard(metrics, heartbeat, ahead),
    history,
    serverAnswered: () => heartbeat.pollAnswered(),
  });
  const owners = new LivingOwners({
    clock,
    cluster: assembly.parts.cluster,
    namespace: assembly.options.leaseNamespace,
  });
  follow(assembly, metrics, heartbeat);
  const { registry, podWatch, origin } = assembly.parts;
  registry.listen((change) => change && ahead.registryChanged(change));
  if (history) registry.listen((change) => change && history.registryChanged(change));
  const picture = (): Picture => pictureOf(assembly, heartbeat, owners, parts.eventLoopLagMs);
  const http: HttpParts = {
    clock,
    about,
    ui: config.http.ui,
    token: config.http.token,
    dashboard: history && { history, log: parts.recentLog ?? { records: [] } },
    stages: () => registry.entries,
    ahead: () => ahead.list(stagesIn(origin.known(podWatch.pods))),
    signs: () => ({ ...heartbeat.signs(podWatch.staleMs), unreported: unreported(assembly, clock) }),
    metrics: { contentType: metrics.contentType, text: () => metrics.text(picture()) },
  };
  return { assembly, heartbeat, owners, http };
}

function holderOf({ host, config, random }: ServiceParts): Holder {
  const identity = processIdentity();
  const chance = random().toString(36).slice(2, 10);
  return {
    replica: host.hostname || config.runner.name,
    podUid: host.podUid ?? '',
    instance: identity ? `${identity.name}.${chance}` : chance,
    isGone: identity && ((instance) => identity.isGone(instance)),
  };
}

/** Stages that have ended, as long as the Drone server takes no reports. */
function unreported({ parts, outage }: Assembly, clock: Clock): Unreported | undefined {
  const { now } = outage;
  const stages = parts.registry.entries.filter((entry) => entry.phase === 'reporting').length;
  return now && stages > 0 ? { ...now, stages, ageMs: clock.now() - now.sinceMs } : undefined;
}

/** Stages that have a Pod, whichever replica created it. */
const stagesIn = (pods: readonly V1Pod[]): ReadonlySet<number> =>
  new Set(pods.map(({ metadata }) => Number(metadata?.labels?.[LABEL.stageId])));

/** Where rights are needed, by the configuration. Pure. */
export function placesOf(
  config: RunnerConfig,
  { options }: { readonly options: Pick<Assembly['options'], 'namespaces' | 'leaseNamespace'> },
): ReviewedNamespaces {
  const { defaultNamespace, policies } = config.compile;
  const isRandom = (name: string): boolean => name === RANDOM_NAMESPACE;
  return {
    pods: [...new Set(options.namespaces)],
    somePods: Object.keys(config.namespaceRules).filter((name) => !isRandom(name)),
    lease: options.leaseNamespace,
    randomNamespaces: [defaultNamespace, ...policies.map((policy) => policy.namespace)].some(isRandom),
    nodes: config.admission.nodesReserve !== undefined,
  };
}

/** Where pipelines are scheduled to that choose nothing themselves, by the configuration. Pure. */
export function usualPlacements({ compile }: RunnerConfig): readonly Placement[] {
  const { defaultNodeSelector, policies } = compile;
  const byPolicies = policies.map(({ nodeSelector, tolerations }): Placement => {
    const isChosen = Object.keys(nodeSelector).length > 0;
    return {
      nodeSelector: isChosen ? nodeSelector : defaultNodeSelector,
      tolerations: tolerations.map(({ key, operator, value, effect }) => ({ key, operator, value, effect })),
    };
  });
  return [{ nodeSelector: defaultNodeSelector }, ...byPolicies];
}

function heard(metrics: RunnerMetrics, heartbeat: Heartbeat, ahead: StagesAhead): EdgeObserver {
  return {
    detailed: (detail) => ahead.learn(detail),
    logRead: (lagMs) => metrics.logRead(lagMs),
    held: (ms) => metrics.held(ms),
    droneCalled: (call, status) => {
      metrics.droneCalled(call, status);
      if (call === 'request') heartbeat.pollTried();
    },
  };
}

/** On each change of the registry, counts new stages and records whether there is capacity. */
function follow({ parts, options, validity }: Assembly, metrics: RunnerMetrics, heartbeat: Heartbeat): void {
  // With a capacity of 0 nobody polls, and nobody should.
  heartbeat.house(options.capacity === 0);
  const { registry } = parts;
  registry.listen((change) => {
    if (change) metrics.registryChanged(change);
    const waiting = registry.countIn('waiting');
    const inWork = registry.size - waiting - registry.countIn('reporting');
    heartbeat.house(waiting > 0 || inWork >= options.capacity);
  });
  validity.listen((state) => heartbeat.leaseChanged(state));
}

function pictureOf(
  { parts, owner }: Assembly,
  heartbeat: Heartbeat,
  owners: LivingOwners,
  eventLoopLagMs: () => number,
): Picture {
  const { podWatch, registry, origin } = parts;
  const pods = origin.known(podWatch.pods);
  return {
    stages: registry.entries,
    unschedulablePods: unschedulablePods(pods, owner),
    orphanedPods: orphanedPods(pods, owner, owners.living),
    watchStaleMs: podWatch.staleMs,
    pollAgeMs: heartbeat.answerAgeMs,
    eventLoopLagMs: eventLoopLagMs(),
  };
}

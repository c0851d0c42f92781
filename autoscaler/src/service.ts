import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { FastifyInstance } from 'fastify';
import { Acting } from './act/acting.ts';
import type { Comparer } from './advise/adviser.ts';
import { Autoscaler } from './autoscaler.ts';
import type { AutoscalerConfig } from './config/load.ts';
import type { Decider } from './decide/decider.ts';
import type { Page } from './http/page.ts';
import { createHttp } from './http/server.ts';
import { AutoscalerMetrics } from './metrics/autoscaler-metrics.ts';
import type { Actor } from './act/actor.ts';
import type { TraceMemory } from './trace/trace-memory.ts';
import type { MetricsSource } from './scrape/metrics-source.ts';
import { Ledger } from './history/ledger.ts';

/** What the service is given from outside. */
export interface ServiceParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: MetricsSource;
  /** Who asks the Drone server; undefined: as runners are asked. */
  readonly droneSource?: MetricsSource | undefined;
  readonly cluster: Cluster | undefined;
  readonly memory: TraceMemory;
  /** Whoever acts instead of what the settings say. */
  readonly actor?: Actor | undefined;
  /** Undefined: decided in this thread. */
  readonly decider?: Decider | undefined;
  /** Undefined: advice on engines rests on published figures. */
  readonly comparer?: Comparer | undefined;
  /** Tells this process from any other of its name; empty: there is none. */
  readonly instance?: string;
  readonly version: string;
  readonly page: Page;
}

/** The flow and the HTTP side that shows it. */
export interface Service {
  readonly autoscaler: Autoscaler;
  readonly http: FastifyInstance;
}

/** Puts the service together; nothing is begun. */
export function createService(parts: ServiceParts, config: AutoscalerConfig): Service {
  const { clock, version, page } = parts;
  const metrics = new AutoscalerMetrics(version, clock.now());
  const ledger = new Ledger();
  const actor = parts.actor ?? actingOf(parts, config, ledger);
  const autoscaler = new Autoscaler({ ...parts, actor, ledger, metrics }, config);
  const { learner } = autoscaler;
  const http = createHttp({
    clock,
    ledger,
    version,
    page,
    metrics,
    calibration: () => learner.calibration,
    meanMissPods: () => learner.meanMissPods,
  });
  return { autoscaler, http };
}

function actingOf(
  { clock, log, cluster, instance = '' }: ServiceParts,
  config: AutoscalerConfig,
  { audit }: Ledger,
): Actor | undefined {
  if (cluster === undefined) return undefined;
  const { acting, rules, tickMs, runnerService } = config;
  const { replica, ...lease } = acting.lease;
  const name = instance === '' ? replica : `${replica}_${instance}`;
  return new Acting(
    { clock, cluster, log, trail: audit },
    {
      ...acting,
      lease: { ...lease, replica: name },
      rules,
      tickMs,
      runnersNamespace: runnerService?.namespace,
    },
  );
}

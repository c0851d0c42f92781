import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { FastifyInstance } from 'fastify';
import { Autoscaler } from './autoscaler.ts';
import type { AutoscalerConfig } from './config/load.ts';
import { createHttp } from './http/server.ts';
import { AutoscalerMetrics } from './metrics/autoscaler-metrics.ts';
import type { Actor, MetricsSource, TraceMemory } from './ports.ts';

/** What the service is given from outside. */
export interface ServiceParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: MetricsSource;
  readonly cluster: Cluster | undefined;
  readonly memory: TraceMemory;
  /** Undefined: a dry run. */
  readonly actor?: Actor | undefined;
  readonly version: string;
  readonly page: string;
}

/** The flow and the HTTP side that shows it. */
export interface Service {
  readonly autoscaler: Autoscaler;
  readonly http: FastifyInstance;
}

/** Puts the service together; nothing is begun. */
export function createService(parts: ServiceParts, config: AutoscalerConfig): Service {
  const { clock, version, page } = parts;
  const metrics = new AutoscalerMetrics(version);
  const autoscaler = new Autoscaler({ ...parts, metrics }, config);
  const { ledger, learner } = autoscaler;
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

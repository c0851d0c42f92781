import type { FastifyInstance } from 'fastify';
import { type Assembly, assemble, type Outside } from './assemble.ts';
import type { AutoscalerConfig } from './config/load.ts';
import type { Page } from './http/page.ts';
import { createHttp } from './http/server.ts';

/** External dependencies of the service. */
export interface ServiceParts extends Outside {
  readonly page: Page;
}

/** The autoscaler and its HTTP server. */
export interface Service extends Pick<Assembly, 'autoscaler' | 'ledger'> {
  readonly http: FastifyInstance;
}

/** Wires the service; nothing is started. */
export function createService(parts: ServiceParts, config: AutoscalerConfig): Service {
  const { clock, version, page } = parts;
  const { autoscaler, ledger, learner, metrics, curves } = assemble(parts, config);
  const http = createHttp({
    clock,
    ledger,
    version,
    page,
    metrics,
    calibration: () => learner.calibration,
    meanMissPods: () => learner.meanMissPods,
    curve: () => curves.curve,
    bootPhases: () => learner.bootPhases,
  });
  return { autoscaler, ledger, http };
}

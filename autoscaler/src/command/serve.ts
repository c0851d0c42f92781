import { randomUUID } from 'node:crypto';
import { orLate } from '@hangar/shared/deadline';
import type { Connection } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { createLogger, type Logger } from '@hangar/shared/logger';
import { ConfigError } from '@hangar/shared/program/command-error';
import { connect } from '@hangar/shared/program/connect';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { listen } from '@hangar/shared/program/listen';
import { type AutoscalerConfig, loadConfig } from '../config/load.ts';
import { withCalendar } from '../config/with-calendar.ts';
import { compareInThread } from '../edges/compare-in-thread.ts';
import { DecideWorker } from '../edges/decide-worker.ts';
import { httpMetricsSource, tokenIn } from '../edges/metrics-http.ts';
import { readPageFile } from '../edges/page-file.ts';
import { TraceStore } from '../edges/trace-store.ts';
import { createService } from '../service.ts';
import { MOST_RECORDS } from '../store/learner.ts';
import { noMemory } from '../trace/trace-memory.ts';

/** Open connections get this time to end. */
const CLOSE_MS = 1_000;
/** A decision takes at most a second on a large cluster; the thread's start is included. */
const DECIDE_TIMEOUT_MS = 30_000;

/** `hangar-autoscaler serve`: runs the service until it receives a signal to stop. */
export async function serve(context: CommandContext): Promise<ExitCode> {
  const { env, clock, version } = context;
  const stop = context.stopSignal();
  const loaded = loadConfig(env);
  if ('problems' in loaded) throw new ConfigError(loaded.problems);
  const config = withCalendar(loaded.ok, context.readFile);
  const log = createLogger(config.logLevel);
  for (const warning of config.warnings) log.warn({}, warning);
  const connection = config.cluster && (await connected(config.cluster.kubeconfig, env));
  const source = httpMetricsSource(() => config.runnerToken);
  const droneSource = httpMetricsSource(() => tokenIn(config.drone?.tokenFile));
  const decider = new DecideWorker(clock, { decide: config, timeoutMs: DECIDE_TIMEOUT_MS });
  const { autoscaler, http } = createService(
    {
      ...{ clock, log, version, source, droneSource, decider },
      cluster: connection && new HttpCluster(clock, connection),
      memory: memoryOf(config, log),
      ...{ comparer: compareInThread, curvePlayer: compareInThread },
      instance: randomUUID().slice(0, 8),
      page: readPageFile(),
    },
    config,
  );
  try {
    const address = await listen(http, config.listen, { log, setting: 'HANGAR_AUTOSCALER_LISTEN' });
    if (address === undefined) return EXIT.tryAgain;
    log.info({ address, version }, 'listening for HTTP requests');
    await autoscaler.run(stop);
    return EXIT.ok;
  } finally {
    const closing = [http, source, droneSource, decider, connection].map(async (part) => part?.close());
    await orLate(clock, CLOSE_MS, Promise.all(closing));
  }
}

function connected(kubeconfig: string, env: CommandContext['env']): Promise<Connection> {
  const otherwise = ', or HANGAR_AUTOSCALER_KUBERNETES=off to query only the runners';
  return connect({ kubeconfig, setting: 'HANGAR_AUTOSCALER_KUBECONFIG', otherwise }, env);
}

function memoryOf({ dataDir, traceRetentionMs }: AutoscalerConfig, log: Logger) {
  if (dataDir !== '')
    return new TraceStore({ folder: dataDir, retentionMs: traceRetentionMs, mostRecords: MOST_RECORDS });
  log.warn({}, 'HANGAR_AUTOSCALER_DATA_DIR is not set: learned data is lost at a restart');
  return noMemory;
}

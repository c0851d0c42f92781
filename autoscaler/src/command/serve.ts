import { randomUUID } from 'node:crypto';
import { errorText } from '@hangar/shared/error-text';
import { type Connection, connectKubernetes } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { createLogger, type Logger } from '@hangar/shared/logger';
import { type AutoscalerConfig, loadConfig } from '../config/load.ts';
import { compareInThread } from '../edges/compare-in-thread.ts';
import { DecideWorker } from '../edges/decide-worker.ts';
import { httpMetricsSource } from '../edges/metrics-http.ts';
import { readPage } from '../edges/page-file.ts';
import { type ProcessSide, processSide } from '../edges/process.ts';
import { TraceStore } from '../edges/trace-store.ts';
import { listen } from '../http/server.ts';
import { noMemory } from '../trace/trace-memory.ts';
import { createService } from '../service.ts';
import { MOST_RECORDS } from '../store/learner.ts';
import { readOptions } from './options.ts';
import { type Command, type ExitCode, type Terminal, UsageError } from './terminal.ts';

const HELP = `hangar-autoscaler serve: look at runners, Pods and nodes, and say how many nodes are needed, now and next

  HANGAR_AUTOSCALER_RUNNERS=http://runner:3000 hangar-autoscaler serve
  HANGAR_AUTOSCALER_KUBERNETES=off HANGAR_AUTOSCALER_RUNNERS=http://127.0.0.1:3000 hangar-autoscaler serve

Settings are environment variables, all of them in docs/autoscaler-configuration.md. The page is at / of
HANGAR_AUTOSCALER_LISTEN (:3001), the same as data under /api/v1 (/api tells it all), metrics at /metrics.
It changes nothing in the cluster unless HANGAR_AUTOSCALER_ACT=on: see docs/operations.md.

Exit codes: 0 told to stop, 1 the address is taken, 2 the command line makes no sense, 78 the configuration is wrong.
`;

/** Connections are closed within this time, or left to the end of the process. */
const CLOSE_MS = 1_000;
/** A decision takes a second at most on a large cluster; the thread's start is counted too. */
const DECIDE_TIMEOUT_MS = 30_000;

function problemsText(problems: readonly string[]): string {
  const lines = problems.map((problem) => `  - ${problem}\n`).join('');
  return `hangar-autoscaler: the configuration is wrong:\n${lines}`;
}

async function connect(config: AutoscalerConfig, env: ProcessSide['env']): Promise<Connection | undefined> {
  if (config.cluster === undefined) return undefined;
  const { kubeconfig } = config.cluster;
  if (kubeconfig === '' && !env['KUBERNETES_SERVICE_HOST'])
    throw new Error(
      'this process is not in a Pod (KUBERNETES_SERVICE_HOST is not set). Set HANGAR_AUTOSCALER_KUBECONFIG to the path of a kubeconfig, or HANGAR_AUTOSCALER_KUBERNETES=off to ask the runners alone',
    );
  return connectKubernetes(kubeconfig || undefined).catch((error: unknown) => {
    const from = kubeconfig === '' ? 'as a Pod' : `by HANGAR_AUTOSCALER_KUBECONFIG (${kubeconfig})`;
    throw new Error(`there is no way to Kubernetes ${from}: ${errorText(error)}`, { cause: error });
  });
}

/** Runs the service until it is told to stop. */
async function serve(terminal: Terminal, { env, clock, stop }: ProcessSide): Promise<ExitCode> {
  const loaded = loadConfig(env);
  if ('problems' in loaded) {
    terminal.err(problemsText(loaded.problems));
    return 78;
  }
  const config = loaded.ok;
  const log = createLogger(config.logLevel);
  for (const warning of config.warnings) log.warn({}, warning);
  let connection: Connection | undefined;
  try {
    connection = await connect(config, env);
  } catch (error) {
    terminal.err(problemsText([errorText(error)]));
    return 78;
  }
  const source = httpMetricsSource();
  const droneSource = httpMetricsSource(config.drone?.tokenFile);
  const decider = new DecideWorker(clock, { decide: config, timeoutMs: DECIDE_TIMEOUT_MS });
  const { autoscaler, http } = createService(
    {
      clock,
      log,
      source,
      droneSource,
      cluster: connection && new HttpCluster(clock, connection),
      memory: memoryOf(config, log),
      decider,
      comparer: compareInThread,
      version: terminal.version,
      instance: randomUUID().slice(0, 8),
      page: readPage(),
    },
    config,
  );
  try {
    const address = await listen(http, config.listen).catch(
      (error: unknown) =>
        void log.error({ err: error, ...config.listen }, 'cannot listen: is HANGAR_AUTOSCALER_LISTEN taken?'),
    );
    if (address === undefined) return 1;
    log.info({ address, version: terminal.version }, 'the HTTP side is up');
    await autoscaler.run(stop);
    return 0;
  } finally {
    const closing = [http, source, droneSource, decider, connection].map(async (part) => part?.close());
    await Promise.race([Promise.all(closing), clock.sleep(CLOSE_MS)]);
  }
}

function memoryOf({ dataDir, traceRetentionMs }: AutoscalerConfig, log: Logger) {
  if (dataDir !== '')
    return new TraceStore({ folder: dataDir, retentionMs: traceRetentionMs, mostRecords: MOST_RECORDS });
  log.warn({}, 'HANGAR_AUTOSCALER_DATA_DIR is not set: what is learned is lost at a restart');
  return noMemory;
}

/** `hangar-autoscaler serve`. */
export const serveCommand: Command = {
  name: 'serve',
  summary: 'look at a cluster and say how many nodes it needs, now and next',
  help: HELP,
  run: (args, terminal) => {
    const { words } = readOptions(args, {});
    if (words.length > 0)
      throw new UsageError(
        `serve takes no words, its settings are environment variables: "${words.join(' ')}"`,
      );
    return serve(terminal, processSide(terminal.env));
  },
};

import { errorText } from '@hangar/shared/error-text';
import { KubernetesError } from '@hangar/shared/kubernetes/cluster';
import type { Connection } from '@hangar/shared/kubernetes/connection';
import { createLogger, type Logger } from '@hangar/shared/logger';
import type { RunnerConfig } from '../config/runner-config.ts';
import { createHttp, listen } from '../http/server.ts';
import { LeaseHeld } from '../lease/holder.ts';
import { review } from '../permissions/review.ts';
import { run } from '../runner.ts';
import { EXIT, type Surroundings } from './command.ts';
import { connect } from './connect.ts';
import { watchEventLoop } from './event-loop.ts';
import { problemsText, readConfig } from './read-config.ts';
import { createService, placesOf, type Service } from './service.ts';
import { pinged, reviewed } from './start-up.ts';

/** A hand-over takes a few seconds; what takes longer than this hangs, and whoever comes next finds all on the Pods. */
const HAND_OVER_LIMIT_MS = 20_000;
/** Open connections are closed within this time, or left to the end of the process. */
const CLOSE_MS = 1_000;

/** `hangar-runner daemon [envfile]`: from the configuration to the exit code. */
export async function daemon(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { complain, env } = surroundings;
  const [envFile, ...surplus] = args;
  if (surplus.length > 0 || envFile?.startsWith('-')) {
    complain(
      `hangar-runner daemon takes one environment file at most, not ${JSON.stringify(args.join(' '))}.`,
    );
    return EXIT.usage;
  }
  const loaded = readConfig(surroundings, envFile);
  if ('problems' in loaded) {
    complain(problemsText(loaded.problems));
    return EXIT.config;
  }
  const log = createLogger(loaded.ok.logLevel);
  for (const warning of loaded.ok.warnings) log.warn({}, warning);
  const connection = await connect(loaded.ok.kubernetes.kubeconfig, env).catch((error: unknown) =>
    complain(problemsText([errorText(error)])),
  );
  return connection ? serve(loaded.ok, connection, log, surroundings) : EXIT.config;
}

/** Everything is there: HTTP first, so that probes see a start; then rights, server, and the flow itself. */
async function serve(
  config: RunnerConfig,
  connection: Connection,
  log: Logger,
  surroundings: Surroundings,
): Promise<number> {
  const { clock, stop, host } = surroundings;
  const eventLoop = watchEventLoop();
  const parts = { config, connection, log, surroundings, eventLoopLagMs: () => eventLoop.lagMs() };
  const service = createService(parts);
  const http = createHttp(service.http);
  stop.addEventListener('abort', () => stopping(service, log), { once: true });
  try {
    const address = await listen(http, config.http).catch(
      (error: unknown) =>
        void log.error({ err: error, ...place(config) }, 'cannot listen: is DRONE_SERVER_PORT taken?'),
    );
    if (address === undefined) return EXIT.tryAgain;
    log.info({ address, version: host.version, machine: config.runner.name }, 'the HTTP side is up');
    return await begin(service, { config, log, surroundings });
  } catch (error) {
    return broken(error, log, stop);
  } finally {
    eventLoop.close();
    await Promise.race([Promise.all([http.close(), service.assembly.close()]), clock.sleep(CLOSE_MS)]);
  }
}

const place = ({ http }: RunnerConfig): object => ({ host: http.host, port: http.port });

function stopping(service: Service, log: Logger): void {
  service.heartbeat.stopping = true;
  log.info({ stages: service.assembly.parts.registry.entries.length }, 'received a signal: handing over');
}

interface Beginning {
  readonly config: RunnerConfig;
  readonly log: Logger;
  readonly surroundings: Surroundings;
}

async function begin(service: Service, parts: Beginning): Promise<number> {
  const { config, log, surroundings } = parts;
  const { stop } = surroundings;
  const { assembly, heartbeat } = service;
  const tools = { ...surroundings, log };
  heartbeat.starting = 'the rights of the runner are being reviewed';
  const found = await reviewed(
    tools,
    (signal) => review(assembly.parts.cluster, placesOf(config, assembly), signal),
    stop,
  );
  if (!found) return EXIT.ok;
  for (const warning of found.warnings) log.warn({}, warning);
  if (found.missing.length > 0) {
    surroundings.complain(problemsText(found.missing, 'the rights of the runner'));
    return EXIT.config;
  }
  heartbeat.starting = 'the Drone server has not answered yet';
  if (!(await pinged(tools, (signal) => assembly.ciServer.ping(signal), stop))) return EXIT.ok;
  log.info({ server: config.server.url }, 'the Drone server answers');
  heartbeat.started();
  return work(service, parts, found.eventPlaces);
}

/** The flow, until it is told to stop, or its Lease is lost. */
async function work(
  { assembly, owners }: Service,
  { log, surroundings }: Beginning,
  eventPlaces: readonly string[],
): Promise<number> {
  const { clock, stop } = surroundings;
  const over = new AbortController();
  const eitherOf = AbortSignal.any([stop, over.signal]);
  void owners.watch(eitherOf);
  void assembly.watchEvents(eventPlaces, eitherOf);
  const overdue = overdueAfter(surroundings, over.signal);
  const end = await Promise.race([run(assembly.parts, assembly.options, stop), overdue]).finally(() =>
    over.abort(),
  );
  if (end === 'overdue') {
    log.error(
      { limitMs: HAND_OVER_LIMIT_MS, atMs: clock.now() },
      'handing over took too long: ending as it is',
    );
    return EXIT.bug;
  }
  if (stop.aborted) return EXIT.ok;
  log.error({}, 'the Lease was lost and everything is handed over: ending, to be started anew');
  return EXIT.tryAgain;
}

function overdueAfter({ clock, stop }: Surroundings, over: AbortSignal): Promise<'overdue' | 'over'> {
  return new Promise((resolve) => {
    const arm = (): void => {
      void clock.sleep(HAND_OVER_LIMIT_MS, over).then(() => resolve(over.aborted ? 'over' : 'overdue'));
    };
    if (stop.aborted) arm();
    else stop.addEventListener('abort', arm, { once: true });
  });
}

/** What ended the start-up. Told to stop in the middle of it is no failure. */
function broken(error: unknown, log: Logger, stop: AbortSignal): number {
  if (stop.aborted) return EXIT.ok;
  if (error instanceof KubernetesError) {
    log.error({ err: error, status: error.status }, 'the Kubernetes API said no to the runner');
    return error.transient ? EXIT.tryAgain : EXIT.config;
  }
  if (error instanceof LeaseHeld) {
    log.error({}, error.message);
    return EXIT.config;
  }
  log.error({ err: error }, 'the runner met something that it does not know: please report this');
  return EXIT.bug;
}

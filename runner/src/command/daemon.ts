import { orLate } from '@hangar/shared/deadline';
import { errorText } from '@hangar/shared/error-text';
import { KubernetesError } from '@hangar/shared/kubernetes/cluster';
import type { Connection } from '@hangar/shared/kubernetes/connection';
import { createLogger, type Logger, standardError } from '@hangar/shared/logger';
import { CommandError, ConfigError } from '@hangar/shared/program/command-error';
import { connect } from '@hangar/shared/program/connect';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { listen } from '@hangar/shared/program/listen';
import { reviewNodes } from '../admit/review-nodes.ts';
import { parseDotenv, withDotenv } from '../config/dotenv.ts';
import { loadConfig } from '../config/load.ts';
import { lookUpRule } from '../config/look-up-rule.ts';
import type { RunnerConfig } from '../config/runner-config.ts';
import { RecentLog } from '../history/recent-log.ts';
import { createHttp } from '../http/server.ts';
import { LeaseHeld } from '../lease/holder.ts';
import { type Granted, review } from '../permissions/review.ts';
import { openWarning } from '../restrict/review.ts';
import { hostOf, withLocalVariables } from './environment.ts';
import { watchEventLoop } from './event-loop.ts';
import { createService, placesOf, type Service, usualPlacements } from './service.ts';
import { listedNodes, pinged, reviewed } from './start-up.ts';

/** A hand-over takes a few seconds; after this time it counts as hanging, and the next replica finds all state on the Pods. */
const HAND_OVER_LIMIT_MS = 20_000;
/** Time for closing open connections; the exit of the process ends the others. */
const CLOSE_MS = 1_000;

/** `hangar-runner daemon [ENVFILE]`: from the configuration to the exit code. */
export async function daemon(envFile: string | undefined, caller: CommandContext): Promise<ExitCode> {
  const context = { ...caller, env: withLocalVariables(caller) };
  const config = configOf(context, envFile);
  const recentLog = config.http.ui && new RecentLog(standardError());
  const log = createLogger(config.logLevel, recentLog);
  for (const warning of config.warnings) log.warn({}, warning);
  const open = openWarning(config.compile.restrictions);
  if (open !== undefined) log.warn({}, open);
  log.info({}, lookUpRule(config.registry));
  const { kubeconfig } = config.kubernetes;
  const connection = await connect({ kubeconfig, setting: 'DRONE_KUBERNETES_CONFIG' }, context.env);
  return serve({ config, log, recentLog, context, stop: context.stopSignal() }, connection);
}

/**
 * The configuration of the daemon (previous-runner §1.1): environment variables, then those of the named file.
 *
 * @param envFile path; undefined = none. One that can't be read is left out, as before, and reported
 * @throws {ConfigError} with all problems
 */
function configOf(context: CommandContext, envFile: string | undefined): RunnerConfig {
  const { env, readFile } = context;
  const all = envFile === undefined ? env : withDotenv(env, environmentIn(envFile, context));
  const loaded = loadConfig(all, readFile, hostOf(context));
  if ('problems' in loaded) throw new ConfigError(loaded.problems);
  return loaded.ok;
}

function environmentIn(
  file: string,
  { readFile, complain }: Pick<CommandContext, 'readFile' | 'complain'>,
): Readonly<Record<string, string>> {
  try {
    return parseDotenv(readFile(file));
  } catch (error) {
    complain(
      `hangar-runner: the environment file ${file} is ignored: ${errorText(error)}. Name another one or none`,
    );
    return {};
  }
}

/** The dependencies of the daemon. */
interface Start {
  readonly config: RunnerConfig;
  readonly log: Logger;
  readonly recentLog: RecentLog | undefined;
  readonly context: CommandContext;
  readonly stop: AbortSignal;
}

/** Runs the daemon: HTTP first, so that probes see the start; then rights, server, and the stages. */
async function serve(start: Start, connection: Connection): Promise<ExitCode> {
  const { config, log, recentLog, context, stop } = start;
  const { clock, random, complain, version } = context;
  const eventLoop = watchEventLoop();
  const service = createService({
    ...{ config, connection, log, clock, random },
    ...(recentLog ? { recentLog } : {}),
    host: hostOf(context),
    print: complain,
    eventLoopLagMs: () => eventLoop.lagMs(),
  });
  const http = createHttp(service.http);
  stop.addEventListener('abort', () => stopping(service, log), { once: true });
  try {
    const address = await listen(http, config.http, { log, setting: 'DRONE_SERVER_PORT' });
    if (address === undefined) return EXIT.tryAgain;
    log.info({ address, version, machine: config.runner.name }, 'listening for HTTP requests');
    return await begin(service, start);
  } catch (error) {
    return broken(error, log, stop);
  } finally {
    eventLoop.close();
    await orLate(clock, CLOSE_MS, Promise.all([http.close(), service.assembly.close()]));
  }
}

function stopping(service: Service, log: Logger): void {
  service.heartbeat.stopping = true;
  log.info(
    { stages: service.assembly.parts.registry.entries.length },
    'received a signal: no new pipelines are accepted',
  );
}

async function begin(service: Service, start: Start): Promise<ExitCode> {
  const { config, log, context, stop } = start;
  const { assembly, heartbeat } = service;
  const tools = { ...context, log };
  heartbeat.starting = 'reviewing the permissions of the runner';
  const found = await reviewed(
    tools,
    (signal) => review(assembly.parts.cluster, placesOf(config, assembly), signal, config.lease.coordination),
    stop,
  );
  if (!found) return EXIT.ok;
  for (const warning of found.warnings) log.warn({}, warning);
  if (found.missing.length > 0) throw new ConfigError(found.missing, 'the permissions of the runner');
  if (!(await areNodesFixed(service, start))) return EXIT.ok;
  heartbeat.starting = 'looking up the image of the gate';
  const gateImage = await gateImageFor(service, start);
  heartbeat.starting = 'the Drone server has not answered yet';
  if (!(await pinged(tools, (signal) => assembly.ciServer.ping(signal), stop))) return EXIT.ok;
  log.info({ server: config.server.url }, 'the Drone server answers');
  heartbeat.started();
  return work(service, start, { granted: found, gateImage });
}

/**
 * Lists the nodes, if stages wait for room on them. False if the process was told to stop.
 *
 * @throws {ConfigError} if they are autoscaled
 */
async function areNodesFixed({ assembly, heartbeat }: Service, start: Start): Promise<boolean> {
  const { config, log, context, stop } = start;
  const { nodes } = assembly;
  if (!nodes) return true;
  heartbeat.starting = 'listing the nodes of the cluster';
  if (!(await listedNodes({ ...context, log }, (signal) => nodes.list(signal), stop))) return false;
  const { problems, warnings } = reviewNodes(nodes.nodes ?? [], usualPlacements(config));
  for (const warning of warnings) log.warn({}, warning);
  if (problems.length > 0) throw new ConfigError(problems, 'the nodes of the cluster');
  return true;
}

/** @throws {ConfigError} if no image has the gate: no pipeline could start */
async function gateImageFor({ assembly }: Service, { context, log, stop }: Start): Promise<string> {
  const { namespace, podName = '' } = hostOf(context);
  const choice = await assembly.gateImage({ namespace, name: podName }, stop);
  if (choice.kind === 'missing') throw new ConfigError([choice.problem]);
  for (const warning of choice.warnings) log.warn({ image: choice.image }, warning);
  log.info({ image: choice.image }, 'the gate is taken from this image');
  return choice.image;
}

/** Runs stages until the process is told to stop. */
async function work(
  { assembly, owners }: Service,
  start: Start,
  how: { readonly granted: Granted; readonly gateImage: string },
): Promise<ExitCode> {
  const { log, context, stop } = start;
  const { clock } = context;
  const { granted } = how;
  const over = new AbortController();
  const eitherOf = AbortSignal.any([stop, over.signal]);
  const handsOver = granted.coordination === 'leases';
  log.info({ coordination: granted.coordination }, 'the permissions of the runner were reviewed');
  if (handsOver) void owners.watch(eitherOf);
  const working = handsOver ? eitherOf : over.signal;
  void assembly.watchEvents(granted.eventPlaces, working);
  void assembly.nodes?.run(working);
  // Who hands nothing over may take as long as its pipelines take.
  const overdue = handsOver ? overdueAfter(start, over.signal) : new Promise<never>(() => undefined);
  const end = await Promise.race([assembly.run(how, stop), overdue]).finally(() => over.abort());
  if (end === 'overdue') {
    log.error(
      { limitMs: HAND_OVER_LIMIT_MS, atMs: clock.now() },
      'the hand-over took too long: exiting without completing it',
    );
    return EXIT.bug;
  }
  return EXIT.ok;
}

function overdueAfter({ context, stop }: Start, over: AbortSignal): Promise<'overdue' | 'over'> {
  return new Promise((resolve) => {
    const arm = (): void => {
      void context.clock
        .sleep(HAND_OVER_LIMIT_MS, over)
        .then(() => resolve(over.aborted ? 'over' : 'overdue'));
    };
    if (stop.aborted) arm();
    else stop.addEventListener('abort', arm, { once: true });
  });
}

/** The exit code after a failed start. Stopping during the start is no failure. */
function broken(error: unknown, log: Logger, stop: AbortSignal): ExitCode {
  if (error instanceof CommandError) throw error;
  if (stop.aborted) return EXIT.ok;
  if (error instanceof KubernetesError) {
    log.error({ err: error, status: error.status }, 'the Kubernetes API refused the runner');
    return error.transient ? EXIT.tryAgain : EXIT.config;
  }
  if (error instanceof LeaseHeld) {
    log.error({}, error.message);
    return EXIT.config;
  }
  log.error({ err: error }, 'unexpected error: please report it');
  return EXIT.bug;
}

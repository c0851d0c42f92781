import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../until.ts';
import { type Layout, statePaths } from './plan/layout.ts';
import { type ServiceHealth, type ServiceName, serviceNamed, serviceNames } from './plan/services.ts';
import { answers } from './probe.ts';
import { type PidRecord, readAlive, startDaemon, stopDaemon } from './process.ts';

/** One line of `status`. */
export interface ServiceStatus {
  readonly name: ServiceName;
  readonly health: ServiceHealth;
  readonly process: PidRecord | undefined;
}

const pidFileOf = (layout: Layout, name: ServiceName): string => `${statePaths(layout).pids}/${name}`;
const logFileOf = (layout: Layout, name: ServiceName): string => `${statePaths(layout).logs}/${name}.log`;
const authorityOf = (layout: Layout): string => `${statePaths(layout).keys}/ca.crt`;

/** How one process of the cluster is: its pid file and its probe. */
export async function serviceStatus(layout: Layout, name: ServiceName): Promise<ServiceStatus> {
  const process = await readAlive(pidFileOf(layout, name));
  if (process === undefined) return { name, health: 'stopped', process };
  const isHealthy = await answers(serviceNamed(layout, name).probe, authorityOf(layout));
  return { name, health: isHealthy ? 'healthy' : 'ill', process };
}

/** How all processes are, in starting order. */
export async function allStatuses(layout: Layout): Promise<readonly ServiceStatus[]> {
  return Promise.all(serviceNames.map((name) => serviceStatus(layout, name)));
}

/**
 * How all processes are, once none is ill any more or the patience (in ms) is over: on a busy machine a late answer
 * is no reason to restart what others are using.
 */
export async function settledStatuses(layout: Layout, patienceMs: number): Promise<readonly ServiceStatus[]> {
  for (const end = Date.now() + patienceMs; ; await pause(500)) {
    const statuses = await allStatuses(layout);
    if (Date.now() > end || !statuses.some(({ health }) => health === 'ill')) return statuses;
  }
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-8).join('\n');
}

/** Starts one process unless it runs; it may not yet answer. Its port taken by a stranger is found by `awaitService`. */
export async function startService(layout: Layout, name: ServiceName): Promise<void> {
  if ((await readAlive(pidFileOf(layout, name))) !== undefined) return;
  const service = serviceNamed(layout, name);
  await startDaemon({
    program: service.program,
    arguments: service.arguments,
    environment: service.environment,
    folder: layout.state,
    logFile: logFileOf(layout, name),
    pidFile: pidFileOf(layout, name),
  });
}

/** Waits until a started process answers its probe. Throws with the end of its log when it ends or takes too long. */
export async function awaitService(layout: Layout, name: ServiceName, timeoutMs = 60_000): Promise<void> {
  const log = logFileOf(layout, name);
  let hasEnded = false;
  const check = async () => {
    const { health } = await serviceStatus(layout, name);
    hasEnded = health === 'stopped';
    return health !== 'ill';
  };
  const failure = async (reason: string) =>
    new Error(`${name} ${reason}; the end of ${log}:\n${await lastLines(log)}`);
  try {
    await until(`${name} to answer`, timeoutMs, check);
  } catch {
    throw await failure(`does not answer after ${timeoutMs / 1000} s`);
  }
  if (hasEnded) throw await failure('exited when it was started');
}

/** Starts one process and waits until it answers. For tests of outages, together with `stopService`. */
export async function bringService(layout: Layout, name: ServiceName): Promise<void> {
  await startService(layout, name);
  await awaitService(layout, name);
}

/** Stops one process of the cluster: SIGTERM, after the grace (in ms; 0 means at once) SIGKILL. */
export async function stopService(layout: Layout, name: ServiceName, graceMs = 3_000): Promise<void> {
  await stopDaemon(pidFileOf(layout, name), graceMs);
}

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** The content of a pid file. The start time distinguishes our process from a later one with the same pid. */
export interface PidRecord {
  readonly pid: number;
  /** Clock ticks from boot to start, field 22 of /proc/PID/stat. */
  readonly startTicks: string;
  readonly startedAt: string;
}

/** A process to be started in the background, detached from ours. */
export interface Daemon {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly logFile: string;
  readonly pidFile: string;
}

/** Start time of a process in clock ticks; undefined when there is none, or only its zombie. */
async function startTicksOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name in brackets may hold blanks: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

const isAlive = async ({ pid, startTicks }: PidRecord): Promise<boolean> =>
  (await startTicksOf(pid)) === startTicks;

/** The living process of a pid file; undefined when there is none, or its number belongs to another by now. */
export async function readAlive(pidFile: string): Promise<PidRecord | undefined> {
  const text = await readFile(pidFile, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as PidRecord;
    return (await isAlive(record)) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Starts a program in a session of its own, its output in its log file, and notes it in its pid file. */
export async function startDaemon(daemon: Daemon): Promise<PidRecord> {
  await mkdir(dirname(daemon.logFile), { recursive: true });
  await mkdir(dirname(daemon.pidFile), { recursive: true });
  const log = openSync(daemon.logFile, 'a');
  try {
    const child = spawn(daemon.program, [...daemon.arguments], {
      cwd: daemon.folder,
      detached: true,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...daemon.environment },
      stdio: ['ignore', log, log],
    });
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    await Promise.race([failed, new Promise((resolve) => child.once('spawn', resolve))]);
    failed.catch(() => undefined);
    child.unref();
    const pid = child.pid ?? 0;
    const startTicks = (await startTicksOf(pid)) ?? 'ended at once';
    const record: PidRecord = { pid, startTicks, startedAt: new Date().toISOString() };
    await writeFile(daemon.pidFile, JSON.stringify(record));
    return record;
  } finally {
    closeSync(log);
  }
}

/** Sends a signal; a process that is gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function waitForEnd(record: PidRecord, timeoutMs: number): Promise<boolean> {
  for (const until = Date.now() + timeoutMs; Date.now() < until; await pause(25)) {
    if (!(await isAlive(record))) return true;
  }
  return !(await isAlive(record));
}

/** Ends a process: SIGTERM, after the grace SIGKILL; returns once it's gone. Throws if it outlives even that. */
export async function endProcess(record: PidRecord, graceMs: number): Promise<void> {
  if (!(await isAlive(record))) return;
  signal(record.pid, 'SIGTERM');
  if (await waitForEnd(record, graceMs)) return;
  signal(record.pid, 'SIGKILL');
  if (!(await waitForEnd(record, 10_000))) throw new Error(`process ${record.pid} cannot be ended`);
}

/** Ends the process of a pid file, if it's still that one, and removes the file. */
export async function stopDaemon(pidFile: string, graceMs: number): Promise<void> {
  const record = await readAlive(pidFile);
  if (record !== undefined) await endProcess(record, graceMs);
  await rm(pidFile, { force: true });
}

/** Processes of these program names with that text in their arguments: ours without a pid file. */
export async function findProcesses(
  names: readonly string[],
  argumentPart: string,
): Promise<readonly PidRecord[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const [program = '', ...rest] = line.split('\0');
      if (!names.includes(basename(program)) || !rest.some((part) => part.includes(argumentPart))) return [];
      const startTicks = await startTicksOf(pid);
      return startTicks === undefined ? [] : [{ pid, startTicks, startedAt: '' }];
    }),
  );
  return found.flat();
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '@hangar/shared/clock';

/** Heap of a process; each one has about 45 MiB besides. */
export const MAX_HEAP_MIB = 256;
/** Space for new objects, which V8 holds three times, beside the old ones. Its default would add 192 MiB. */
const SEMI_SPACE_MIB = 8;
/** Unit of CPU time in /proc, on every platform of Linux that Node.js has (proc(5), USER_HZ). */
const MS_PER_TICK = 10;
const LOOK_MS = 500;

/** How processes are started and measured; for tests. */
export interface ProcessOptions {
  /** Another program of the process. */
  readonly program?: URL;
  /** CPU time that a process has used, in milliseconds. Rejects where that can't be known. */
  readonly cpuMs?: (pid: number) => Promise<number>;
}

/** The CPU time of all threads of a process, in milliseconds, by Linux's `/proc/<pid>/stat` (proc(5)): utime and stime. @throws on other systems */
export async function processCpuMs(pid: number): Promise<number> {
  return cpuMsIn(await readFile(`/proc/${pid}/stat`, 'latin1'));
}

/** The name of the program, in parentheses, may itself contain spaces and parentheses. */
export function cpuMsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/**
 * Starts a process that has nothing of this one: neither its environment, where the secrets are, nor its streams.
 *
 * @param input `open`: bytes can be written to its standard input
 * @throws what the system says where no process can be started, as at a limit of processes
 */
export async function startBareProcess(program: URL, input: 'open' | 'none' = 'none'): Promise<ChildProcess> {
  const fromSources = extname(program.pathname) === '.ts' ? ['--conditions=source'] : [];
  const child = fork(fileURLToPath(program), {
    execArgv: [
      `--max-old-space-size=${MAX_HEAP_MIB}`,
      `--max-semi-space-size=${SEMI_SPACE_MIB}`,
      ...fromSources,
    ],
    env: {},
    stdio: [input === 'open' ? 'pipe' : 'ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
  await once(child, 'spawn');
  // The end of the process says the same.
  child.on('error', () => undefined);
  return child;
}

/** Rejects once the process has ended. */
export async function endOf(child: ChildProcess, signal: AbortSignal): Promise<never> {
  const [code, by] = (await once(child, 'exit', { signal })) as [number | null, string | null];
  throw new Error(`the process ended with ${by ?? code}`);
}

/** The CPU time that a process may use. */
export interface CpuLimit {
  readonly ms: number;
  /** Reads the CPU time of a process, in milliseconds. */
  readonly cpuMs: (pid: number) => Promise<number>;
  /** The limit counts from the last change of this number; absent: from the start. */
  readonly progress?: () => number;
}

/** Rejects once the process has used up its CPU time, which other load does not use up. Never where that can't be known. */
export async function usedUp(
  clock: Clock,
  { pid }: ChildProcess,
  { ms, cpuMs, progress = () => 0 }: CpuLimit,
  signal: AbortSignal,
): Promise<never> {
  let [seen, sinceMs] = [progress(), 0];
  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    signal.throwIfAborted();
    const usedMs = pid === undefined ? 0 : await cpuMs(pid).catch(() => 0);
    if (progress() !== seen) [seen, sinceMs] = [progress(), usedMs];
    if (usedMs - sinceMs > ms) throw new Error('the CPU time of the process is used up');
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Janitor } from './janitor.ts';

/** How a process ended: its code, or 128 + signal as a container runtime reports it. */
export interface ProcessExit {
  readonly code: number;
  readonly signal?: number;
}

export interface Output {
  readonly stdout: (chunk: Buffer) => void;
  readonly stderr: (chunk: Buffer) => void;
}

/** Something that runs as a container does: it ends once, and can be signalled. */
export interface Running {
  /** Resolves when it has ended and all its output was delivered. */
  readonly ended: Promise<ProcessExit>;
  readonly signal: (name: NodeJS.Signals) => void;
}

export interface GroupSpec {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** It is the first process of its container: see {@link SHIELDED}. */
  readonly isFirst: boolean;
}

/** A command that could not be started, with the system's message. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * Starts a command as the leader of its own process group; when it ends the whole group is killed,
 * as a container's processes die with its first.
 *
 * @throws {StartError} when the command cannot be executed
 */
export async function startGroup(spec: GroupSpec, output: Output, janitor: Janitor): Promise<Running> {
  const [command = '', ...args] = spec.argv;
  const child = spawn(command, args, {
    cwd: spec.cwd,
    env: { ...spec.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', output.stdout);
  child.stderr.on('data', output.stderr);
  const ended = endOf(child, janitor);
  try {
    await once(child, 'spawn');
  } catch (cause) {
    const why = command.includes('/')
      ? `stat ${command}: no such file or directory`
      : 'executable file not found in $PATH';
    throw new StartError(`exec: "${command}": ${why}`, { cause });
  }
  return { ended, signal: (name) => signalLeader(child.pid, name, spec.isFirst) };
}

function endOf(child: ChildProcess, janitor: Janitor): Promise<ProcessExit> {
  const { pid } = child;
  if (pid !== undefined) janitor.started(pid);
  return new Promise((resolve) => {
    child.once('exit', () => {
      if (pid === undefined) return;
      // What the first process leaves behind may hold the pipes open: it is killed too.
      send(-pid, 'SIGKILL');
      janitor.ended(pid);
    });
    child.once('close', (code, signal) => resolve(exitOf(code, signal)));
  });
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): ProcessExit {
  if (signal === null) return { code: code ?? 0 };
  const number = constants.signals[signal];
  return { code: 128 + number, signal: number };
}

/**
 * In a container the kernel gives its first process no signal that it doesn't handle: `sleep` sits out a SIGTERM there.
 * Here that process is an ordinary one, so what it handles is looked up before.
 */
const SHIELDED: ReadonlySet<string> = new Set([
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
]);

/** Signals go to the first process alone, SIGKILL to all. */
function signalLeader(pid: number | undefined, name: NodeJS.Signals, isFirst: boolean): void {
  if (pid === undefined) return;
  if (name === 'SIGKILL') return send(-pid, name);
  if (!isFirst || !SHIELDED.has(name) || handles(pid, name)) send(pid, name);
}

/** Whether a process has a handler for a signal; true where the system doesn't report it. */
function handles(pid: number, name: NodeJS.Signals): boolean {
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    if (caught === undefined) return true;
    return ((BigInt(`0x${caught}`) >> BigInt(constants.signals[name] - 1)) & 1n) === 1n;
  } catch {
    return true;
  }
}

/** @param pid of a process, or negative of a whole group */
function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}

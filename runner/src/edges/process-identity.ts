import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/** Identifies this process, so that a later one on the same machine can find out whether it still runs. */
export interface ProcessIdentity {
  /** `<machine>.<pid>.<start>`: the machine since its boot with the PID namespace, and the start of the process in clock ticks. */
  readonly name: string;
  /** Whether a process of that name certainly runs no longer; false for a process of another machine. */
  isGone(name: string): boolean;
}

/** Indexes of fields of `/proc/<pid>/stat` after the command's name, which may contain anything (proc_pid_stat(5)). */
const STATE = 0;
const START_TICKS = 19;
const DEAD_STATES = ['Z', 'X', 'x'];

/** The identity of this process, read from `/proc`; undefined on systems without it. */
export function processIdentity(): ProcessIdentity | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const machine = createHash('sha256')
      .update(`${boot} ${readlinkSync('/proc/self/ns/pid')}`)
      .digest('hex')
      .slice(0, 12);
    const name = `${machine}.${process.pid}.${startOf(process.pid)}`;
    return { name, isGone: (other) => isGone(machine, other) };
  } catch {
    return undefined;
  }
}

function isGone(machine: string, name: string): boolean {
  const [, ofMachine, pid, start] = /^([0-9a-f]+)\.(\d+)\.(\d+)(?:\.|$)/.exec(name) ?? [];
  return ofMachine === machine && startOf(Number(pid)) !== start;
}

/** When a process of this machine started, in clock ticks since the boot; undefined: no process with that PID runs. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return DEAD_STATES.includes(fields[STATE] ?? '') ? undefined : fields[START_TICKS];
  } catch {
    return undefined;
  }
}

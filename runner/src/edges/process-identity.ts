import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/** Which process this is, so that a later one on the same machine can tell whether it still runs. */
export interface ProcessIdentity {
  /** `<machine>.<pid>.<start>`: the machine since its boot with the PID namespace, and the start of the process in clock ticks. */
  readonly name: string;
  /** Whether it is certain that a process of that name runs no longer; false for one of another machine. */
  isGone(name: string): boolean;
}

/** Fields of `/proc/<pid>/stat` behind the command's name, which may contain anything (proc_pid_stat(5)). */
const STATE = 0;
const START_TICKS = 19;
const DEAD_STATES = ['Z', 'X', 'x'];

/** The identity of this process by `/proc`; undefined where there is none. */
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

/** When a process of this machine started, in clock ticks since the boot; undefined: none of that number runs. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return DEAD_STATES.includes(fields[STATE] ?? '') ? undefined : fields[START_TICKS];
  } catch {
    return undefined;
  }
}

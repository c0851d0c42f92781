import { readFile } from 'node:fs/promises';

/** The kernel counts CPU time in ticks: USER_HZ is 100 everywhere that Node.js runs. */
const MS_PER_TICK = 10;
const KIB_PER_MIB = 1024;

/** Resident memory of a process, as the kernel counts it. */
export async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / KIB_PER_MIB;
}

/** CPU time of all threads of a process since its start: little affected by what else runs on the machine. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

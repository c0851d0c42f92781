import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestPod, until } from './testing/pod.ts';

// Measures the gate as processes on this machine and prints JSON: `npx node --conditions=source runner/gate/measure.ts`.

const ticksPerSecond = 100;

/** Gaps between one step's end and the next one's start, in milliseconds (resolution: 1 ms). */
async function chained(steps: number): Promise<object> {
  const serial = Array.from({ length: steps }, (_, at) => ({
    after: at === 0 ? [] : [at],
    argv: ['/bin/true'],
  }));
  const pod = new TestPod(serial);
  pod.startAll();
  await pod.endings();
  const times = pod.numbers().map((n) => {
    const [, , startMs, endMs] = readFileSync(pod.statePath(n, 'exit'), 'utf8').trim().split(' ').map(Number);
    return { startMs: startMs ?? 0, endMs: endMs ?? 0 };
  });
  await pod.close();
  const gaps = times.slice(1).map(({ startMs }, at) => startMs - (times[at]?.endMs ?? 0));
  return { steps, p50Ms: quantile(gaps, 0.5), p99Ms: quantile(gaps, 0.99), maxMs: Math.max(...gaps) };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** CPU of gates that wait at the barrier for one more container, their memory, and the delay until it opens. */
async function barrier(gates: number, seconds: number): Promise<object> {
  const pod = new TestPod(Array.from({ length: gates + 1 }, () => ({ argv: ['/bin/true'] })));
  pod.startAll([gates + 1]);
  await pod.started(...pod.numbers().slice(0, -1));
  await sleep(2000);
  const pids = [...pod.gates.values()].map((gate) => gate.pid);
  const before = cpuTicks(pids);
  await sleep(seconds * 1000);
  const cpu = (cpuTicks(pids) - before) / ticksPerSecond / seconds;
  const memory = pids.map((pid) => statusKb(pid, 'RssAnon'));
  const threads = pids.map((pid) => Number(/Threads:\t(\d+)/.exec(status(pid))?.[1]));
  pod.start(gates + 1);
  await pod.started(gates + 1);
  await until(() => [...pod.gates.values()].every((gate) => !gate.running));
  const opened = startsMs(pod);
  const lastPassed = pod.exits().length;
  await pod.close();
  return {
    gates,
    cpuPercentOfOneCore: Math.round(cpu * 1000) / 10,
    privateKbMedian: quantile(memory, 0.5),
    threadsMax: Math.max(...threads),
    firstToLastStartMs: Math.max(...opened) - Math.min(...opened),
    ended: lastPassed,
  };
}

function startsMs(pod: TestPod): number[] {
  return pod.numbers().map((n) => Number(readFileSync(pod.statePath(n, 'exit'), 'utf8').split(' ')[2]));
}

function cpuTicks(pids: readonly number[]): number {
  const ticks = (pid: number) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  return pids.reduce((sum, pid) => sum + ticks(pid), 0);
}

function status(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8');
}

function statusKb(pid: number, key: string): number {
  return Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(status(pid))?.[1]);
}

const report = {
  cores: availableParallelism(),
  loadAverage: readFileSync('/proc/loadavg', 'utf8').split(' ')[0],
  chains: [await chained(20), await chained(200)],
  barrier: await barrier(199, 10),
};
console.log(JSON.stringify(report, null, 2));

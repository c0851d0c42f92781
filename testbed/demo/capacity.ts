import { loadConfig } from '@hangar/autoscaler/config';
import { httpMetricsSource } from '@hangar/autoscaler/metrics-http';
import { readPageFile } from '@hangar/autoscaler/page';
import { createService, type Service } from '@hangar/autoscaler/service';
import { noMemory } from '@hangar/autoscaler/trace/trace-memory';
import { createHttp } from '@hangar/runner/http';
import type { Clock } from '@hangar/shared/clock';
import { createLogger } from '@hangar/shared/logger';
import type { TestSystem } from '../suites/flows/test-system.ts';

/** The autoscaler's recommendation at one moment. */
export interface CapacityReading {
  /** Pods that ran or waited, and stages that had none yet. */
  readonly work: number;
  readonly shapes: readonly {
    readonly shape: string;
    readonly nodesNow: number;
    readonly nodesAhead: number;
  }[];
}

/** The recommendations before the run, at its peak, and after it. */
export interface CapacityReadings {
  readonly before: CapacityReading;
  readonly peak: CapacityReading;
  readonly after: CapacityReading;
}

const TICK_MS = 200;
const LOOK_MS = 50;
const NOTHING: CapacityReading = { work: 0, shapes: [] };

type Recommendation = NonNullable<Service['ledger']['recommendation']>;

const saidOf = ({ demand, shapes }: Recommendation): CapacityReading => ({
  work: demand.runningPods + demand.pendingPods + demand.knownStages,
  shapes: shapes.map(({ shape, nodesNow, nodesAhead }) => ({ shape, nodesNow, nodesAhead })),
});

/** The autoscaler beside the demo's runner: it reads the runner's metrics and looks at Pods and nodes, as a dry run. */
export interface Capacity {
  /** Of the page. */
  readonly address: string;
  /** Whether it has seen work. */
  hasSeenWork(): boolean;
  /** Waits for its first answer. */
  ready(limitMs: number, stop: AbortSignal): Promise<void>;
  /** Keeps the busiest moment until the signal is aborted. */
  watch(over: AbortSignal): Promise<void>;
  /** What it has recommended, once it sees that the work is done. */
  reported(limitMs: number, stop: AbortSignal): Promise<CapacityReadings>;
  close(): Promise<void>;
}

/** Starts the autoscaler on loopback, and the runner's HTTP side, which it queries. */
export async function startCapacity(clock: Clock, { runner, admin }: TestSystem): Promise<Capacity> {
  const runnerHttp = createHttp(runner.http);
  const loopback = { host: '127.0.0.1', port: 0 };
  const loaded = loadConfig({
    HANGAR_AUTOSCALER_RUNNERS: await runnerHttp.listen(loopback),
    HANGAR_AUTOSCALER_TICK: `${TICK_MS}ms`,
    HANGAR_AUTOSCALER_BOOT_TIME: '60s',
  });
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const source = httpMetricsSource();
  const log = createLogger('error');
  const parts = {
    clock,
    log,
    source,
    cluster: admin,
    memory: noMemory,
    version: 'demo',
    page: readPageFile(),
  };
  const { autoscaler, ledger, http } = createService(parts, loaded.ok);
  const stop = new AbortController();
  const address = `${await http.listen(loopback)}/`;
  const running = autoscaler.run(stop.signal);
  const now = (): CapacityReading | undefined => ledger.recommendation && saidOf(ledger.recommendation);
  const close = async (): Promise<void> => {
    stop.abort(new Error('the demo is over'));
    await Promise.all([running, http.close(), runnerHttp.close(), source.close()]);
  };
  return { address, ...moments(clock, now), close };
}

/** The part of its answer that is kept. */
function moments(clock: Clock, now: () => CapacityReading | undefined): Omit<Capacity, 'address' | 'close'> {
  let [before, peak] = [NOTHING, NOTHING];
  /** Gives up in silence when time is up: what is missing then is judged. */
  const until = async (limitMs: number, stop: AbortSignal, probe: () => boolean): Promise<void> => {
    const deadlineMs = clock.monotonicMs() + limitMs;
    while (!probe() && clock.monotonicMs() < deadlineMs) {
      await clock.sleep(LOOK_MS, stop);
      stop.throwIfAborted();
    }
  };
  return {
    hasSeenWork: () => peak.work > 0,
    ready: async (limitMs, stop) => {
      await until(limitMs, stop, () => now() !== undefined);
      before = now() ?? NOTHING;
    },
    watch: async (over) => {
      while (!over.aborted) {
        const said = now() ?? NOTHING;
        if (said.work > peak.work) peak = said;
        await clock.sleep(LOOK_MS, over);
      }
    },
    reported: async (limitMs, stop) => {
      await until(limitMs, stop, () => now()?.work === before.work);
      return { before, peak, after: now() ?? NOTHING };
    },
  };
}

/** What was not as it should be: the recommendation has to move with the work. Pure. */
export function capacityProblems({ before, peak, after }: CapacityReadings): readonly string[] {
  if (before.shapes.length === 0) return ['the autoscaler gave no answer'];
  const isMoved = peak.shapes.some(
    ({ nodesNow }, nth) => nodesNow > (before.shapes[nth]?.nodesNow ?? Number.POSITIVE_INFINITY),
  );
  return [
    ...(isMoved ? [] : [`the recommendation did not grow with the work: ${saidText(peak)}`]),
    ...(after.work === before.work
      ? []
      : [`the autoscaler still sees work after the end: ${saidText(after)}`]),
  ];
}

const count = (nodes: number): string => `${nodes} ${nodes === 1 ? 'node' : 'nodes'}`;

const saidText = ({ work, shapes }: CapacityReading): string =>
  `${`${work} to run`.padEnd(10)} ${shapes
    .map(({ shape, nodesNow, nodesAhead }) =>
      `${shape}: ${count(nodesNow)} now, ${nodesAhead} next`.padEnd(32),
    )
    .join('  ')}`.trimEnd();

/** A line for each moment. Pure. */
export const capacityLines = ({ before, peak, after }: CapacityReadings): readonly string[] => [
  'What the autoscaler recommended, if all nodes were of one shape',
  `  before   ${saidText(before)}`,
  `  at peak  ${saidText(peak)}`,
  `  after    ${saidText(after)}`,
];

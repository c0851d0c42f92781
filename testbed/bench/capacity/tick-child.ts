import { fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { loadConfig } from '@hangar/autoscaler/config';
import { DecideWorker } from '@hangar/autoscaler/decide-worker';
import { createService } from '@hangar/autoscaler/service';
import { noMemory } from '@hangar/autoscaler/trace/trace-memory';
import { systemClock } from '@hangar/shared/clock';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { silentLogger } from '@hangar/shared/logger';
import type { ManyPodsMessage } from './many-objects-server.ts';

/** What one run of this program measured. */
export interface TickFigures {
  readonly tickMs: readonly number[];
  /** The longest that the main thread was held up, in each tick. */
  readonly lagMs: readonly number[];
  /** The same while the first list was received, page by page. */
  readonly listLagMs: number;
  /** Resident memory of this process at most, all its threads and the first list included. */
  readonly memoryBytes: number;
  /** Size of one Pod as the API server sends it. */
  readonly podBytes: number;
}

/** A program of its own, so that memory and the event loop are those of the service and of nothing else. */
const [nodes = 5000, pods = 50_000, ticks = 10] = process.argv.slice(2).map(Number);
const CHANGED_BETWEEN_TICKS = 200;
const LAG_RESOLUTION_MS = 2;
const WARM_UP_TICKS = 3;
/** It takes seconds on idle cores. */
const LONGEST_LIST_MS = 300_000;

const clock = systemClock();
const server = fork(new URL('many-objects-server.ts', import.meta.url), [String(nodes), String(pods)], {
  execArgv: ['--conditions=source', '--max-old-space-size=8192'],
});
const reported = async (): Promise<ManyPodsMessage> =>
  ((await once(server, 'message')) as [ManyPodsMessage])[0];
const opened = await reported();
if (!('url' in opened)) throw new Error('the API server did not say where it listens');
const connection = await connectByText(
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'crowd',
    clusters: [{ name: 'crowd', cluster: { server: opened.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'crowd', user: { token: opened.token } }],
    contexts: [{ name: 'crowd', context: { cluster: 'crowd', user: 'crowd' } }],
  }),
);

const loaded = loadConfig({ HANGAR_AUTOSCALER_TICK: '1h', HANGAR_AUTOSCALER_STALE_AFTER: '3h' });
if ('problems' in loaded) throw new Error(loaded.problems.join('; '));
const decider = new DecideWorker(clock, { decide: loaded.ok, timeoutMs: 30_000 });
const { autoscaler, ledger } = createService(
  {
    clock,
    log: silentLogger,
    source: { get: () => Promise.reject(new Error('no runner here')) },
    cluster: new HttpCluster(clock, connection),
    memory: noMemory,
    decider,
    version: 'bench',
    page: new Map(),
  },
  loaded.ok,
);

let memoryBytes = 0;
/** What the loop suffered while `work` went on, beyond the beat of the measure itself. */
async function lagOf(work: () => Promise<unknown>): Promise<number> {
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  // It measures from one beat to the next: one before the work, and one after it.
  await clock.sleep(5 * LAG_RESOLUTION_MS);
  await work();
  await clock.sleep(5 * LAG_RESOLUTION_MS);
  lag.disable();
  memoryBytes = Math.max(memoryBytes, process.memoryUsage().rss);
  return Math.max(0, lag.max / 1e6 - LAG_RESOLUTION_MS);
}

const stop = new AbortController();
const running = autoscaler.run(stop.signal);
const knows = (): boolean =>
  ledger.recommendation?.pools.reduce((sum, { actualNodes }) => sum + actualNodes, 0) === nodes &&
  ledger.recommendation.demand.runningPods === pods;
const listLagMs = await lagOf(async () => {
  for (const lateMs = clock.monotonicMs() + LONGEST_LIST_MS; !knows(); ) {
    if (clock.monotonicMs() > lateMs)
      throw new Error(
        `after ${LONGEST_LIST_MS / 1000} s the service does not know all nodes and Pods: ${JSON.stringify(ledger.conditions)}`,
      );
    await clock.sleep(500);
    await autoscaler.tick(stop.signal);
  }
});
// The thread's start is no part of a tick of a service that has been up for a while.
for (let tick = 0; tick < WARM_UP_TICKS; tick += 1) await autoscaler.tick(stop.signal);

const lagMs: number[] = [];
const tickMs: number[] = [];
for (let tick = 0; tick < ticks; tick += 1) {
  server.send(CHANGED_BETWEEN_TICKS);
  await reported();
  await clock.sleep(200);
  lagMs.push(
    await lagOf(async () => {
      const beganMs = clock.monotonicMs();
      await autoscaler.tick(stop.signal);
      tickMs.push(clock.monotonicMs() - beganMs);
    }),
  );
}
if (ledger.staleSinceMs !== undefined)
  throw new Error(`nothing was decided: ${JSON.stringify(ledger.conditions)}`);
const figures: TickFigures = { tickMs, lagMs, listLagMs, memoryBytes, podBytes: opened.podBytes };
process.stdout.write(`${JSON.stringify(figures)}\n`);
stop.abort();
await Promise.all([running, decider.close()]);
await connection.close();
server.disconnect();

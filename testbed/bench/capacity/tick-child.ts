import { monitorEventLoopDelay } from 'node:perf_hooks';
import { loadConfig } from '@hangar/autoscaler/config';
import { DecideWorker } from '@hangar/autoscaler/decide-worker';
import { noMemory } from '@hangar/autoscaler/ports';
import { createService } from '@hangar/autoscaler/service';
import { systemClock } from '@hangar/shared/clock';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Node, V1Pod } from '@kubernetes/client-node';

/** What one run of this program measured. */
export interface TickFigures {
  readonly tickMs: readonly number[];
  /** The longest that the main thread was held up, in each tick. */
  readonly lagMs: readonly number[];
  /** Resident memory at most, with the objects of the practice API server in it. */
  readonly memoryBytes: number;
}

/** A program of its own, so that memory and the event loop are those of the service and of nothing else. */
const [nodes = 5000, pods = 50_000, ticks = 10] = process.argv.slice(2).map(Number);
const CHANGED_BETWEEN_TICKS = 200;
const LAG_RESOLUTION_MS = 2;
const REQUESTS = [
  { cpu: '350m', memory: '500Mi' },
  { cpu: '300m', memory: '450Mi' },
  { cpu: '400m', memory: '600Mi' },
  { cpu: '250m', memory: '400Mi' },
  { cpu: '380m', memory: '550Mi' },
  { cpu: '200m', memory: '300Mi' },
];

const aNode = (nth: number): V1Node => ({
  metadata: {
    name: `node-${nth}`,
    uid: `node-${nth}`,
    creationTimestamp: new Date(0),
    labels: { 'kubernetes.io/hostname': `node-${nth}`, 'karpenter.sh/nodepool': `pool-${nth % 4}` },
  },
  spec: {},
  status: {
    allocatable: { cpu: '3920m', memory: '6018Mi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

const aPod = (nth: number, node: number | undefined): V1Pod => ({
  metadata: {
    name: `build-${nth}`,
    namespace: 'ci',
    uid: `build-${nth}`,
    creationTimestamp: new Date(Date.now() - (nth % 900) * 1000),
    labels: { 'app.kubernetes.io/managed-by': 'hangar-runner' },
  },
  spec: {
    ...(node === undefined ? {} : { nodeName: `node-${node}` }),
    nodeSelector: { 'karpenter.sh/nodepool': `pool-${nth % 4}` },
    containers: [
      { name: 'step', image: 'i', resources: { requests: REQUESTS[nth % REQUESTS.length] ?? {} } },
    ],
  },
  status: {
    phase: node === undefined ? 'Pending' : 'Running',
    conditions:
      node === undefined
        ? []
        : [
            {
              type: 'PodScheduled',
              status: 'True',
              lastTransitionTime: new Date(Date.now() - (nth % 900) * 1000),
            },
          ],
  },
});

const cluster = new FakeCluster();
const place = { resource: RESOURCE.pods, namespace: 'ci' };
for (let nth = 0; nth < nodes; nth += 1) cluster.put({ resource: RESOURCE.nodes }, aNode(nth));
for (let nth = 0; nth < pods; nth += 1) cluster.put(place, aPod(nth, nth % nodes));
cluster.compact();

const loaded = loadConfig({ HANGAR_AUTOSCALER_TICK: '1h', HANGAR_AUTOSCALER_STALE_AFTER: '3h' });
if ('problems' in loaded) throw new Error(loaded.problems.join('; '));
const clock = systemClock();
const decider = new DecideWorker(clock, { decide: loaded.ok, timeoutMs: 30_000 });
const { autoscaler } = createService(
  {
    clock,
    log: silentLogger,
    source: { get: () => Promise.reject(new Error('no runner here')) },
    cluster,
    memory: noMemory,
    decider,
    version: 'bench',
    page: new Map(),
  },
  loaded.ok,
);
const stop = new AbortController();
const running = autoscaler.run(stop.signal);
await clock.sleep(3_000);
// The thread's start is no part of a tick of a service that has been up for a while.
await autoscaler.tick(stop.signal);

const lagMs: number[] = [];
const tickMs: number[] = [];
let memoryBytes = 0;
let next = pods;
for (let tick = 0; tick < ticks; tick += 1) {
  for (let nth = 0; nth < CHANGED_BETWEEN_TICKS; nth += 1, next += 1) {
    cluster.drop({ ...place, name: `build-${next - pods}` });
    cluster.put(place, aPod(next, nth % 4 === 0 ? undefined : next % nodes));
  }
  cluster.compact();
  await clock.sleep(200);
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  // It measures from one beat to the next: one before the tick, and one after it.
  await clock.sleep(5 * LAG_RESOLUTION_MS);
  const beganMs = clock.monotonicMs();
  await autoscaler.tick(stop.signal);
  tickMs.push(clock.monotonicMs() - beganMs);
  await clock.sleep(5 * LAG_RESOLUTION_MS);
  lag.disable();
  lagMs.push(Math.max(0, lag.max / 1e6 - LAG_RESOLUTION_MS));
  memoryBytes = Math.max(memoryBytes, process.memoryUsage().rss);
}
if (autoscaler.ledger.recommendation === undefined || autoscaler.ledger.staleSinceMs !== undefined)
  throw new Error(`nothing was decided: ${JSON.stringify(autoscaler.ledger.conditions)}`);
const figures: TickFigures = { tickMs, lagMs, memoryBytes };
process.stdout.write(`${JSON.stringify(figures)}\n`);
stop.abort();
await Promise.all([running, decider.close()]);

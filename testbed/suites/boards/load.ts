import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { ALERTS } from '@hangar/dashboards/alerts';
import { rulesFile } from '@hangar/dashboards/rules-file';
import type { Clock } from '@hangar/shared/clock';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import { podOf } from '../../parts/embedded/api/pod.ts';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { freePort } from '../../parts/free-port.ts';
import { Prometheus, type ScrapeTarget } from '../../parts/prometheus/prometheus.ts';
import { pipeline, step } from '../flows/pipelines.ts';
import {
  type RunnerProcessSpec,
  startAutoscalerProcess,
  startRunnerProcess,
} from '../flows/program-process.ts';
import { startEmbedded } from '../flows/start-embedded.ts';

const SECRET = 'boards-secret';
const NAMESPACE = 'hangar';
/** Four builds fit on a node beside what DaemonSets are taken for. */
const RESOURCES = 'resources:\n  requests:\n    cpu: 800\n    memory: 512MiB\n';
const CAPACITY = '8';
/** Room for five builds: others wait. */
const BUDGET_CPU = '4';

const node = (name: string) => ({
  name,
  cpu: '4',
  memory: '8Gi',
  labels: { 'node.kubernetes.io/instance-type': 'builds-4' },
});

const PIPELINES = {
  short: pipeline(step('one', ['echo one']) + step('two', ['sleep 2']), RESOURCES),
  long: pipeline(step('work', ['echo begun', 'sleep 8', 'echo done']), RESOURCES),
  red: pipeline(step('test', ['exit 1']), RESOURCES),
  mistake: pipeline(step('build', ['echo never'], '  depends_on: [biuld]\n')),
} as const;

/** In turn: which pipeline, and by which event. */
const TURNS = [
  ['long', 'pull_request'],
  ['short', 'push'],
  ['long', 'pull_request'],
  ['red', 'pull_request'],
  ['long', 'push'],
  ['mistake', 'push'],
  ['long', 'pull_request'],
  ['short', 'tag'],
] as const satisfies readonly (readonly [keyof typeof PIPELINES, string])[];

/** One build each: more than the runner may take at once, so that some wait. */
const PAUSE_MS = 900;

/** Prometheus with data scraped from real programs under load, all of them still running. */
export interface LoadedPrometheus {
  readonly prometheus: Prometheus;
  /** When the load began and ended, in seconds since 1970. */
  readonly from: number;
  readonly to: number;
  close(): Promise<void>;
}

/**
 * The embedded cluster, the practice Drone server, runner and autoscaler as processes, and a real Prometheus that scrapes
 * them each second; then builds for `loadMs`: some wait for room, some fail, the API throttles
 * for a moment, one Pod is evicted, and the runner is replaced while
 * builds run, so that its next life takes them over.
 *
 * @param loadMs how long builds are created, in milliseconds
 */
export async function loadPrometheus(clock: Clock, loadMs: number): Promise<LoadedPrometheus> {
  await using opened = new AsyncDisposableStack();
  const { cluster, drone, runner, prometheus } = await open(opened);
  const from = clock.now() / 1000;
  await play(clock, { cluster, drone, runner }, loadMs);
  // Two more scrapes, so that the last of it is in.
  await clock.sleep(2_500);
  const all = opened.move();
  return { prometheus, from, to: clock.now() / 1000, close: () => all.disposeAsync() };
}

interface Actors {
  readonly cluster: EmbeddedCluster;
  readonly drone: PracticeServer;
  readonly runner: ReplaceableRunner;
}

/** A runner whose next life answers at the same address. */
interface ReplaceableRunner {
  readonly address: string;
  /** As in an upgrade: it is stopped, and the next one continues. */
  replace(): Promise<void>;
  stop(): Promise<unknown>;
}

async function startReplaceableRunner(spec: RunnerProcessSpec): Promise<ReplaceableRunner> {
  let running = await startRunnerProcess(spec);
  return {
    address: running.address,
    replace: async () => {
      await running.end();
      running = await startRunnerProcess(spec);
    },
    stop: () => running.end(),
  };
}

/** Starts everything; closed in the reverse order of being made, whatever fails on the way. */
async function open(opened: AsyncDisposableStack): Promise<Actors & { readonly prometheus: Prometheus }> {
  const { cluster, access } = await startEmbedded({ nodes: ['a', 'b', 'c'].map(node) });
  opened.defer(() => cluster.close());
  const { folder } = cluster;
  const { kubeconfig } = access;
  const drone = await startPracticeServer({ secret: SECRET, longPollMs: 5_000 });
  opened.defer(() => drone.close());
  const runner = await startReplaceableRunner({
    folder,
    kubeconfig,
    droneHost: drone.host,
    secret: SECRET,
    env: {
      DRONE_SERVER_PORT: `127.0.0.1:${await freePort()}`,
      DRONE_NAMESPACE_DEFAULT: NAMESPACE,
      HANGAR_LEASE_NAMESPACE: NAMESPACE,
      DRONE_RUNNER_CAPACITY: CAPACITY,
      HANGAR_BUDGET_CPU: BUDGET_CPU,
      ...access.env,
    },
  });
  opened.defer(async () => void (await runner.stop()));
  const autoscaler = await startAutoscalerProcess({
    folder,
    kubeconfig,
    name: 'autoscaler',
    env: {
      HANGAR_AUTOSCALER_RUNNERS: runner.address,
      HANGAR_AUTOSCALER_TICK: '1s',
      HANGAR_AUTOSCALER_BOOT_TIME: '5s',
      HANGAR_AUTOSCALER_COOL_DOWN: '2s',
      HANGAR_AUTOSCALER_MAX_NODES: '4',
      HANGAR_AUTOSCALER_WAIT_BOUND: '30s',
      HANGAR_AUTOSCALER_PRICES: 'builds-4=0.2,4cpu-8gb=0.19',
    },
  });
  opened.defer(() => autoscaler.end());
  const at = (job: string, { address }: { readonly address: string }): ScrapeTarget => ({
    job,
    address: new URL(address).host,
    labels: { cluster: 'one', namespace: NAMESPACE },
  });
  const prometheus = await Prometheus.start({
    folder: mkdtempSync(join(folder, 'prometheus-')),
    targets: [at('runner', runner), at('autoscaler', autoscaler)],
    rules: {
      'runner.yaml': rulesFile('runner', ALERTS),
      'autoscaler.yaml': rulesFile('autoscaler', ALERTS),
    },
  });
  opened.defer(() => prometheus.close());
  return { cluster, drone, runner, prometheus };
}

async function play(clock: Clock, { cluster, drone, runner }: Actors, loadMs: number): Promise<void> {
  // Prometheus must have seen the zeros before the first events.
  await clock.sleep(3_000);
  const beganMs = clock.monotonicMs();
  // Too small for any build: only its boot is of interest.
  cluster.addNode({ name: 'late', cpu: '100m', memory: '64Mi', ready: false });
  const troubles: Trouble[] = [
    { atMs: loadMs * 0.1, make: () => Promise.resolve(cluster.setNodeReady('late', true)) },
    { atMs: loadMs * 0.2, make: () => throttle(cluster) },
    { atMs: loadMs * 0.3, make: () => evictOne(cluster) },
    { atMs: loadMs * 0.6, make: () => runner.replace() },
  ];
  for (let turn = 0; clock.monotonicMs() - beganMs < loadMs || troubles.length > 0; turn += 1) {
    const [name, event] = TURNS[turn % TURNS.length] ?? TURNS[0];
    drone.createBuild({ yaml: PIPELINES[name], event, repo: { slug: `acme/${name}` } });
    const [next] = troubles;
    const isDue = next !== undefined && clock.monotonicMs() - beganMs > next.atMs;
    if (isDue && (await next.make()) !== 'not-now') troubles.shift();
    await clock.sleep(PAUSE_MS);
  }
}

/** A fault at a time of the load; `not-now` is retried with the next build. */
interface Trouble {
  readonly atMs: number;
  make(): 'not-now' | 'made' | Promise<void>;
}

/** The API server refuses a few writes, as when it is busy: the runner waits and tries again. */
function throttle(cluster: EmbeddedCluster): 'made' {
  cluster.faults.fail({ verb: 'create', resource: 'pods', status: 429, times: 3 });
  return 'made';
}

/** The kubelet evicts one running build, as when memory is short: a failure of the cluster. */
function evictOne(cluster: EmbeddedCluster): 'not-now' | 'made' {
  const pods = cluster.api.store.list('pods', NAMESPACE).map(podOf);
  const running = pods.find(({ status }) => status?.phase === 'Running');
  if (running === undefined) return 'not-now';
  cluster.evict({ namespace: NAMESPACE, name: running.metadata.name });
  return 'made';
}

import { parseExposition } from '@hangar/shared/exposition/parse';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import type { KubernetesObject, V1Node, V1Pod } from '@kubernetes/client-node';
import { ACT_RESOURCE } from '../act/resources.ts';
import { loadConfig } from '../config/load.ts';
import type { MetricsSource } from '../scrape/metrics-source.ts';
import { createService } from '../service.ts';
import { noMemory } from '../trace/trace-memory.ts';
import { ReviewingCluster, rightOf } from './reviewing-cluster.ts';

export const NOW = 1_768_383_000_000;
const TICK_MS = 10_000;

/** A NodePool as these tests see it. */
export type NodePoolManifest = KubernetesObject & {
  spec: { replicas?: number; limits?: { nodes?: string | null } };
  status?: { nodes: number };
};
/** A CapacityBuffer as these tests see it. */
export type CapacityBufferManifest = KubernetesObject & { spec: { replicas: number } };

export const POOL = { resource: ACT_RESOURCE.nodePools, name: 'ci' };
export const BUFFER = { resource: ACT_RESOURCE.capacityBuffers, namespace: 'ci', name: 'room' };
export const nodeTarget = (name: string) => ({ resource: RESOURCE.nodes, name });
export const ciPodTarget = (name: string) => ({ resource: RESOURCE.pods, namespace: 'ci', name });
export const claimTarget = (name: string) => ({ resource: ACT_RESOURCE.nodeClaims, name });

const nameOf = ({ metadata }: KubernetesObject): string => metadata?.name ?? '';

/** A cluster with one static NodePool, whose provisioner carries out each change at once. */
export class ActingCluster extends ReviewingCluster {
  #names = 0;

  constructor(nodes: number) {
    super();
    this.put<NodePoolManifest>(POOL, {
      metadata: { name: 'ci' },
      spec: { replicas: nodes },
      status: { nodes },
    });
    for (let nth = 0; nth < nodes; nth += 1) this.addNode();
  }

  get size(): number | undefined {
    return this.find<NodePoolManifest>(POOL)?.spec.replicas;
  }

  get nodes(): readonly V1Node[] {
    return this.all<V1Node>({ resource: RESOURCE.nodes });
  }

  addNode(): void {
    const name = `n${this.#names++}`;
    const labels = { 'karpenter.sh/nodepool': 'ci' };
    this.put<V1Node>(nodeTarget(name), {
      metadata: { name, labels, creationTimestamp: new Date(NOW) },
      spec: {},
      status: {
        allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    });
    this.put(claimTarget(`c-${name}`), {
      metadata: { name: `c-${name}`, labels },
      status: { nodeName: name },
    });
  }

  addBuild(name: string, node?: string): void {
    const status = node === undefined ? [] : [{ type: 'PodScheduled', status: 'True' }];
    this.put<V1Pod>(ciPodTarget(name), {
      metadata: { name, creationTimestamp: new Date(NOW), labels: { ci: 'build' } },
      spec: {
        ...(node === undefined ? {} : { nodeName: node }),
        containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1', memory: '1Gi' } } }],
      },
      status: { phase: node === undefined ? 'Pending' : 'Running', conditions: status },
    });
  }

  engine(): void {
    const claims = this.all({ resource: ACT_RESOURCE.nodeClaims }).map(nameOf);
    for (const node of this.nodes)
      if (!claims.includes(`c-${nameOf(node)}`)) this.drop(nodeTarget(nameOf(node)));
    const pool = this.find<NodePoolManifest>(POOL);
    if (pool === undefined) return;
    const { replicas = 0, limits = {} } = pool.spec;
    const most = Math.min(replicas, Number(limits.nodes ?? replicas));
    for (let there = this.nodes.length; there < most; there += 1) this.addNode();
    const status = { nodes: this.nodes.length };
    if (pool.status?.nodes !== status.nodes) this.put<NodePoolManifest>(POOL, { ...pool, status });
  }

  tainted(key: string): readonly string[] {
    return this.nodes.flatMap(({ metadata, spec }) =>
      (spec?.taints ?? []).some((taint) => taint.key === key) ? [metadata?.name ?? ''] : [],
    );
  }
}

const SETTINGS = {
  HANGAR_AUTOSCALER_POD_SELECTOR: 'ci=build',
  HANGAR_AUTOSCALER_POOL_LABEL: 'karpenter.sh/nodepool',
  HANGAR_AUTOSCALER_ACT: 'on',
  HANGAR_AUTOSCALER_MAX_NODES: '1000',
  HANGAR_AUTOSCALER_PLACE: 'on',
  HANGAR_AUTOSCALER_ACTUATORS: 'ci=node-pool:ci',
  HANGAR_AUTOSCALER_BUFFER_FLOOR: '1',
  HANGAR_AUTOSCALER_FORECAST: 'false',
  POD_NAMESPACE: 'hangar',
  POD_NAME: 'a',
};

class FakeRunner implements MetricsSource {
  running: string | undefined = '0';

  get(url: string): ReturnType<MetricsSource['get']> {
    if (this.running === undefined) return Promise.reject(new Error('connection refused'));
    const states = ['waiting', 'starting'].map((state) => `hangar_runner_stages{state="${state}"} 0`);
    const metrics = [...states, `hangar_runner_stages{state="running"} ${this.running}`, ''].join('\n');
    const body = url.endsWith('/demand') ? '{"waiting":[]}' : metrics;
    return Promise.resolve({ status: 200, contentType: 'text/plain', body });
  }
}

const endings: (() => Promise<void>)[] = [];
/** Stops every service of a test; call it after each test. */
export async function endAll(): Promise<void> {
  for (const end of endings.splice(0)) await end();
}

/** The whole service on such a cluster, wired as in the real process, after two ticks. */
export async function startAutoscaler(
  cluster: ActingCluster,
  env: Record<string, string> = {},
  clock = new FakeClock(NOW),
) {
  const loaded = loadConfig({ ...SETTINGS, ...env });
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const source = new FakeRunner();
  const { autoscaler, ledger, http } = createService(
    { clock, log: silentLogger, source, cluster: cluster, memory: noMemory, version: '1', page: new Map() },
    loaded.ok,
  );
  const stop = new AbortController();
  const running = autoscaler.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await clock.step(TICK_MS);
    await running;
    await http.close();
  };
  endings.push(end);
  const ticks = async (count = 1): Promise<void> => {
    for (let nth = 0; nth < count; nth += 1) {
      await clock.step(TICK_MS);
      await settle();
      cluster.engine();
      // The API server sends a bookmark about once a minute: no changes is not the same as no connection.
      cluster.bookmark();
    }
  };
  const ready = async () =>
    (await http.inject('/readyz')).json<{ ok: boolean; reasons: string[]; conditions: string[] }>();
  const samples = async (name: string) =>
    parseExposition((await http.inject('/metrics')).body)
      .families.get(name)
      ?.samples.map(({ labels, value }) => [...labels.values(), value].join(' '));
  const reported = () => ledger.decisions.items.map(({ pool, outcome }) => `${pool} ${outcome}`);
  await settle();
  await ticks(2);
  return { clock, source, ledger, http, ticks, ready, samples, reported, end };
}

export const write = (call: Parameters<typeof rightOf>[0]): string =>
  `${rightOf(call)} ${call.target.name ?? ''}`.trim();

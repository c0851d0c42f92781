import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemClock } from '@hangar/shared/clock';
import { RESOURCE, type Target } from '@hangar/shared/kubernetes/cluster';
import { type Connection, connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { ListWatch, whole } from '@hangar/shared/kubernetes/list-watch';
import type { V1Node, V1ObjectMeta, V1Pod, V1PodSpec, V1Taint } from '@kubernetes/client-node';
import { until } from '../../parts/until.ts';
import type { RealCluster } from '../../parts/real/facts.ts';

/** What a fake node has. */
export interface FakeNode {
  readonly cpu: string;
  readonly memory: string;
  readonly pods: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly V1Taint[];
  /** It was ready once, and nobody answers for it afterwards: neither kwok nor a kubelet. */
  readonly deaf?: boolean;
}

/** Nodes that exist for the scheduler only (kwok), closed to everybody else's Pods, and a namespace for Pods of one test. */
export class FakePool {
  readonly cluster: HttpCluster;
  readonly namespace: string;
  readonly signal: AbortSignal;
  readonly #connection: Connection;
  readonly #ending = new AbortController();
  readonly #nodes = new Set<string>();
  readonly #pods: ListWatch<V1Pod>;
  readonly #waiters = new Set<() => void>();
  readonly #watching: Promise<void>;

  private constructor(connection: Connection, namespace: string) {
    const clock = systemClock();
    this.#connection = connection;
    this.cluster = new HttpCluster(clock, connection);
    this.namespace = namespace;
    this.signal = this.#ending.signal;
    this.#pods = new ListWatch<V1Pod>(clock, this.cluster, {
      target: { resource: RESOURCE.pods, namespace },
      selection: {},
      read: whole,
      onChange: () => this.#wake(),
    });
    this.#watching = this.#pods.run(this.signal);
  }

  static async open(real: RealCluster, name: string): Promise<FakePool> {
    const connection = await connectByText(readFileSync(real.adminKubeconfig, 'utf8'));
    const pool = new FakePool(connection, `${name}-${randomBytes(3).toString('hex')}`);
    const metadata = { name: pool.namespace };
    await pool.cluster.create({ resource: RESOURCE.namespaces }, { metadata }, pool.signal);
    const account = { base: '/api/v1', plural: 'serviceaccounts' };
    await pool.eventually('the account of the namespace', async () => {
      await pool.cluster.get({ resource: account, namespace: pool.namespace, name: 'default' }, pool.signal);
      return true;
    });
    return pool;
  }

  /** Keeps others out; our Pods tolerate it. */
  get fence(): V1Taint {
    return { key: 'hangar.dev/fake', value: this.namespace, effect: 'NoSchedule' };
  }

  nodeName(name: string): string {
    return `${this.namespace}-${name}`;
  }

  nodeTarget(name: string): Target {
    return { resource: RESOURCE.nodes, name: this.nodeName(name) };
  }

  /** Makes a node; it may not be ready yet: see {@link nodesReady}. */
  async addNode(name: string, fake: FakeNode): Promise<V1Node> {
    const full = this.nodeName(name);
    this.#nodes.add(full);
    const room = { cpu: fake.cpu, memory: fake.memory, pods: String(fake.pods) };
    return this.cluster.create<V1Node>(
      { resource: RESOURCE.nodes },
      {
        metadata: {
          name: full,
          labels: { 'hangar.dev/fake': this.namespace, ...fake.labels },
          ...(fake.deaf ? {} : { annotations: { 'kwok.x-k8s.io/node': 'fake' } }),
        },
        spec: { taints: [this.fence, ...(fake.taints ?? [])] },
        status: { allocatable: room, capacity: room, ...(fake.deaf ? { conditions: [READY] } : {}) },
      },
      this.signal,
    );
  }

  async nodes(): Promise<readonly V1Node[]> {
    const selection = { labelSelector: `hangar.dev/fake=${this.namespace}` };
    return (await this.cluster.list<V1Node>({ resource: RESOURCE.nodes }, selection, this.signal)).items;
  }

  /** Resolves when every node is ready and rid of Kubernetes' own taints. */
  nodesReady(): Promise<void> {
    return this.eventually('all nodes to be ready', async () =>
      (await this.nodes()).every(
        ({ spec, status }) =>
          (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True') &&
          !(spec?.taints ?? []).some(({ key }) => key.startsWith('node.kubernetes.io/')),
      ),
    );
  }

  async removeNode(name: string): Promise<void> {
    this.#nodes.delete(name);
    await this.cluster.remove({ resource: RESOURCE.nodes, name }, {}, this.signal);
  }

  /** Creates a Pod that may only go to our nodes. */
  createPod(name: string, spec: Partial<V1PodSpec>, metadata: V1ObjectMeta = {}): Promise<V1Pod> {
    const { key, value = '' } = this.fence;
    const target = { resource: RESOURCE.pods, namespace: this.namespace };
    const pod: V1Pod = {
      metadata: { name, ...metadata },
      spec: {
        containers: [{ name: 'step', image: 'fake' }],
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        ...spec,
        nodeSelector: { 'hangar.dev/fake': this.namespace, ...spec.nodeSelector },
        tolerations: [{ key, operator: 'Equal', value }, ...(spec.tolerations ?? [])],
      },
    };
    return this.cluster.create<V1Pod>(target, pod, this.signal);
  }

  get pods(): readonly V1Pod[] {
    return this.#pods.objects;
  }

  /** Resolves with the Pod's node, or undefined when the scheduler found none. */
  async decided(name: string): Promise<string | undefined> {
    const decided = (): V1Pod | undefined => {
      const pod = this.#pods.find(this.namespace, name);
      return pod && (pod.spec?.nodeName || isUnschedulable(pod)) ? pod : undefined;
    };
    await this.watched(`the scheduler to decide on ${name}`, () => decided() !== undefined);
    return decided()?.spec?.nodeName;
  }

  async removePods(names: readonly string[]): Promise<void> {
    const target = { resource: RESOURCE.pods, namespace: this.namespace };
    const deletion = { gracePeriodSeconds: 0 };
    await Promise.all(names.map((name) => this.cluster.remove({ ...target, name }, deletion, this.signal)));
    await this.watched('the Pods to be gone', () =>
      names.every((name) => this.#pods.find(this.namespace, name) === undefined),
    );
  }

  /** Resolves when the watch shows it. */
  async watched(what: string, holds: () => boolean): Promise<void> {
    const tooLate = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), this.signal]);
    while (!holds()) {
      if (tooLate.aborted) throw new Error(`waited in vain for ${what}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiters.delete(wake);
          tooLate.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiters.add(wake);
        tooLate.addEventListener('abort', wake);
      });
    }
  }

  /** Asks until it holds; what the API refuses meanwhile counts as not yet. */
  async eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
    await until(what, PATIENCE_MS, holds);
  }

  async close(): Promise<void> {
    const { signal } = this;
    const pods = this.#pods.objects.map(({ metadata }) => metadata?.name ?? '');
    await this.removePods(pods);
    const named = [...this.#nodes].map((name) => ({ resource: RESOURCE.nodes, name }));
    const targets = [...named, { resource: RESOURCE.namespaces, name: this.namespace }];
    await Promise.all(targets.map((target) => this.cluster.remove(target, {}, signal)));
    this.#ending.abort();
    await this.#watching;
    await this.#connection.close();
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}

const PATIENCE_MS = 150_000;

const READY = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'it was' };

const isUnschedulable = ({ status }: V1Pod): boolean =>
  (status?.conditions ?? []).some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable',
  );

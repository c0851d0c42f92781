import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@hangar/shared/clock';
import { isKubernetesError, RESOURCE, type Target } from '@hangar/shared/kubernetes/cluster';
import type { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { ListWatch, whole } from '@hangar/shared/kubernetes/list-watch';
import type { V1Node, V1ObjectMeta, V1Pod, V1PodSpec, V1Taint } from '@kubernetes/client-node';
import type { RealCluster } from '../../parts/real/facts.ts';
import { OwnNamespace } from './own-namespace.ts';

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
  readonly #space: OwnNamespace;
  readonly #ending = new AbortController();
  readonly #nodes = new Set<string>();
  readonly #pods: ListWatch<V1Pod>;
  readonly #waiters = new Set<() => void>();
  readonly #watching: Promise<void>;

  private constructor(space: OwnNamespace) {
    this.#space = space;
    this.cluster = space.admin;
    this.namespace = space.name;
    this.signal = this.#ending.signal;
    this.#pods = new ListWatch<V1Pod>(systemClock(), this.cluster, {
      target: { resource: RESOURCE.pods, namespace: this.namespace },
      selection: {},
      read: whole,
      onChange: () => this.#wake(),
    });
    this.#watching = this.#pods.run(this.signal);
  }

  static async open(real: RealCluster, name: string): Promise<FakePool> {
    return new FakePool(await OwnNamespace.make(readFileSync(real.adminKubeconfig, 'utf8'), name));
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
    const tooLate = AbortSignal.timeout(PATIENCE_MS);
    let last: unknown = 'not yet';
    while (!tooLate.aborted) {
      try {
        if (await holds()) return;
      } catch (error) {
        if (!isKubernetesError(error)) throw error;
        last = error;
      }
      await sleep(100);
    }
    throw new Error(`waited in vain for ${what}: ${String(last)}`);
  }

  async close(): Promise<void> {
    const { signal } = this;
    const pods = this.#pods.objects.map(({ metadata }) => metadata?.name ?? '');
    await this.removePods(pods);
    const nodes = [...this.#nodes].map((name) => ({ resource: RESOURCE.nodes, name }));
    await Promise.all(nodes.map((target) => this.cluster.remove(target, {}, signal)));
    this.#ending.abort();
    await this.#watching;
    await this.#space.remove();
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

import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { systemClock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE, type Resource, type Target } from '@hangar/shared/kubernetes/cluster';

import { ListWatch, whole } from '@hangar/shared/kubernetes/list-watch';
import type {
  KubernetesObject,
  V1Node,
  V1ObjectMeta,
  V1Pod,
  V1PodSpec,
  V1Taint,
} from '@kubernetes/client-node';
import type { RealCluster } from '../../parts/real/facts.ts';
import { until } from '../../parts/until.ts';
import { OwnNamespace } from './own-namespace.ts';

/** What a fake node has. */
export interface FakeNode {
  readonly cpu: string;
  readonly memory: string;
  readonly pods: number;
  /** It was ready once, and is updated by neither kwok nor a kubelet afterwards. */
  readonly deaf?: boolean;
}

/** The requests of a build: three of them fit on a node of four CPUs. */
export const BUILD_REQUESTS = { cpu: '1150m', memory: '1700Mi' };
/** A build as {@link FakePool.createPod} takes it. */
export const BUILD_POD_SPEC = {
  containers: [{ name: 'step', image: 'fake', resources: { requests: BUILD_REQUESTS } }],
};

/** Whether a node or a Pod is ready. */
export const isReady = ({ status }: V1Node | V1Pod): boolean =>
  (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');

/** Nodes that exist for the scheduler only (kwok), closed to everybody else's Pods, and a namespace for Pods of one test. */
export class FakePool {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly signal: AbortSignal;
  readonly #space: OwnNamespace;
  readonly #ending = new AbortController();
  readonly #nodes = new Set<string>();
  readonly #pods: ListWatch<V1Pod>;
  readonly #changes = new EventEmitter().setMaxListeners(0);
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
      onChange: () => void this.#changes.emit('change'),
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
          labels: { 'hangar.dev/fake': this.namespace },
          ...(fake.deaf ? {} : { annotations: { 'kwok.x-k8s.io/node': 'fake' } }),
        },
        spec: { taints: [this.fence] },
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
        (node) =>
          isReady(node) &&
          !(node.spec?.taints ?? []).some(({ key }) => key.startsWith('node.kubernetes.io/')),
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
    const signal = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), this.signal]);
    while (!holds())
      await once(this.#changes, 'change', { signal }).catch((cause: unknown) => {
        throw new Error(`waited for ${what}, without success`, { cause });
      });
  }

  /** Polls until it holds; a refusal meanwhile counts as not yet. */
  async eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
    await until(what, PATIENCE_MS, holds);
  }

  /** Makes an object in the namespace of the pool. */
  create<T extends KubernetesObject>(resource: Resource, object: T): Promise<T> {
    return this.#space.create<T>(resource, object);
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
}

const PATIENCE_MS = 150_000;

const READY = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'it was' };

const isUnschedulable = ({ status }: V1Pod): boolean =>
  (status?.conditions ?? []).some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable',
  );

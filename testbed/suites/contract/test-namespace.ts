import { randomBytes } from 'node:crypto';
import { systemClock } from '@hangar/shared/clock';
import {
  isKubernetesError,
  KubernetesError,
  RESOURCE,
  type Resource,
} from '@hangar/shared/kubernetes/cluster';
import { type Connection, connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { ListWatch, whole } from '@hangar/shared/kubernetes/list-watch';
import type { CoreV1Event, KubernetesObject, V1ObjectMeta, V1Pod } from '@kubernetes/client-node';
import { vi } from 'vitest';

/** A cluster that is held to the contract. */
export interface ContractTarget {
  readonly name: string;
  /** Longest wait for one condition. */
  readonly timeoutMs: number;
  /** Whether version 1 is surely forgotten. A real server that was set up minutes ago may still go on from it. */
  readonly forgetsVersion1: boolean;
  readonly open: () => Promise<OpenTarget>;
}

export interface OpenTarget {
  /** May do everything. */
  readonly kubeconfig: string;
  readonly close: () => Promise<void>;
}

/** A refusal as far as the contract holds it fixed. */
export interface ApiRefusal {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

export const TEST_SERVICE_ACCOUNTS: Resource = { base: '/api/v1', plural: 'serviceaccounts' };

/** Kubernetes objects as tests write them. */
export type Draft = KubernetesObject & { readonly metadata: V1ObjectMeta; readonly [field: string]: unknown };

/** How often the server is polled, and the events of the watch are checked. */
const ASK_MS = 100;
const LOOK_MS = 10;

/** A namespace of its own in the cluster, with all its Pods in view through Hangar's own client. */
export class TestNamespace {
  readonly cluster: HttpCluster;
  readonly name: string;
  /** A node that really runs Pods. */
  readonly nodeName: string;
  readonly signal: AbortSignal;
  private readonly timeoutMs: number;
  private readonly connection: Connection;
  private readonly ending: AbortController;
  private readonly pods: ListWatch<V1Pod>;
  private readonly seen = new Map<string, V1Pod[]>();

  private constructor(connection: Connection, cluster: HttpCluster, nodeName: string, timeoutMs: number) {
    this.connection = connection;
    this.cluster = cluster;
    this.name = `contract-${randomBytes(4).toString('hex')}`;
    this.nodeName = nodeName;
    this.timeoutMs = timeoutMs;
    this.ending = new AbortController();
    this.signal = this.ending.signal;
    this.pods = new ListWatch<V1Pod>(systemClock(), cluster, {
      target: { resource: RESOURCE.pods, namespace: this.name },
      selection: {},
      read: whole,
      onChange: ({ object }) => {
        const name = object.metadata?.name ?? '';
        this.seen.set(name, [...this.history(name), object]);
      },
    });
  }

  /** Makes the namespace and waits until Pods can be created in it. */
  static async open(kubeconfig: string, timeoutMs: number): Promise<TestNamespace> {
    const connection = await connectByText(kubeconfig);
    const cluster = new HttpCluster(systemClock(), connection);
    const made = new TestNamespace(connection, cluster, await readyNode(cluster), timeoutMs);
    const { name, signal } = made;
    await cluster.create({ resource: RESOURCE.namespaces }, { metadata: { name } }, signal);
    await made.until('the default service account', () =>
      made.find({ resource: TEST_SERVICE_ACCOUNTS, namespace: name, name: 'default' }),
    );
    await made.pods.sync(signal);
    void made.pods.run(signal);
    return made;
  }

  /** Removes the namespace, and waits until no Pod is left in it: the rest is the controllers' and may take a minute. */
  async close(): Promise<void> {
    await this.cluster.remove({ resource: RESOURCE.namespaces, name: this.name }, {}, this.signal);
    const target = { resource: RESOURCE.pods, namespace: this.name };
    await this.until('the end of all Pods', async () => {
      const { items } = await this.cluster.list(target, {}, this.signal);
      return items.length === 0 ? true : undefined;
    });
    this.ending.abort();
    await this.connection.close();
  }

  create<T extends KubernetesObject = Draft>(resource: Resource, object: Draft): Promise<T> {
    const target = { resource, namespace: this.name };
    return this.cluster.create(target, object as unknown as T, this.signal);
  }

  get<T extends KubernetesObject = Draft>(resource: Resource, name: string): Promise<T> {
    return this.cluster.get<T>({ resource, namespace: this.name, name }, this.signal);
  }

  patch<T extends KubernetesObject = Draft>(
    resource: Resource,
    name: string,
    patch: Record<string, unknown>,
    how: 'merge' | 'strategic' = 'merge',
  ): Promise<T> {
    return this.cluster.patch<T>({ resource, namespace: this.name, name }, patch, how, this.signal);
  }

  remove(
    resource: Resource,
    name: string,
    deletion: { gracePeriodSeconds?: number; uid?: string } = {},
  ): Promise<'removed' | 'absent'> {
    return this.cluster.remove({ resource, namespace: this.name, name }, deletion, this.signal);
  }

  async find<T extends KubernetesObject = Draft>(target: {
    resource: Resource;
    namespace?: string;
    name: string;
  }): Promise<T | undefined> {
    try {
      return await this.cluster.get<T>(target, this.signal);
    } catch (error) {
      if (isKubernetesError(error, 404)) return undefined;
      throw error;
    }
  }

  createPod(pod: V1Pod): Promise<V1Pod> {
    return this.create<V1Pod>(RESOURCE.pods, pod as Draft);
  }

  /** Creates a Pod and waits until it has ended. */
  async run(pod: V1Pod): Promise<V1Pod> {
    await this.createPod(pod);
    return this.podWhen(pod.metadata?.name ?? '', 'has ended', hasEnded);
  }

  /** Resolves with the first form of a Pod, of all that the watch has shown, that is as wanted. */
  podWhen(name: string, what: string, wanted: (pod: V1Pod) => boolean): Promise<V1Pod> {
    return this.seenWhen(`Pod ${name} ${what}`, name, () => this.history(name).find(wanted));
  }

  /** Resolves when the watch has shown that the Pod is gone, with all forms it had. */
  podGone(name: string): Promise<readonly V1Pod[]> {
    return this.seenWhen(`Pod ${name} is gone`, name, () =>
      this.seen.has(name) && this.pods.find(this.name, name) === undefined ? this.history(name) : undefined,
    );
  }

  history(name: string): readonly V1Pod[] {
    return this.seen.get(name) ?? [];
  }

  /** The log of a container up to its end, with a time stamp before each line. */
  async log(
    pod: string,
    container: string,
    more: { follow?: boolean; sinceTime?: string; previous?: boolean } = {},
  ): Promise<string> {
    const request = { namespace: this.name, pod, container, follow: false, ...more };
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.cluster.log(request, this.signal)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  /** What a container wrote, without stamps. */
  async printed(pod: string, container = 'main'): Promise<string> {
    return withoutStamps(await this.log(pod, container));
  }

  async eventsOf(pod: string): Promise<readonly CoreV1Event[]> {
    const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${pod}`;
    const target = { resource: RESOURCE.events, namespace: this.name };
    return (await this.cluster.list<CoreV1Event>(target, { fieldSelector }, this.signal)).items;
  }

  /** Retries until there is an answer. */
  until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const attempt = async (): Promise<T> => {
      const found = await look();
      if (found === undefined) throw new Error(`waited ${this.timeoutMs} ms for ${what}, without success`);
      return found;
    };
    return vi.waitFor(attempt, { timeout: this.timeoutMs, interval: ASK_MS });
  }

  private seenWhen<T>(what: string, name: string, look: () => T | undefined): Promise<T> {
    const attempt = (): T => {
      const found = look();
      if (found !== undefined) return found;
      const last = JSON.stringify(this.history(name).at(-1)?.status ?? 'never heard of');
      throw new Error(`waited ${this.timeoutMs} ms without success until ${what}; last: ${last}`);
    };
    return vi.waitFor(attempt, { timeout: this.timeoutMs, interval: LOOK_MS });
  }
}

/** Other tests may have simulated nodes in the same cluster: those run nothing. */
async function readyNode(cluster: HttpCluster): Promise<string> {
  const nodes = await cluster.list({ resource: RESOURCE.nodes }, {}, new AbortController().signal);
  const real = nodes.items.find(
    ({ metadata }) => metadata?.annotations?.['kwok.x-k8s.io/node'] === undefined,
  );
  if (real?.metadata?.name === undefined) throw new Error('the cluster has no node that runs Pods');
  return real.metadata.name;
}

export const hasEnded = ({ status }: V1Pod): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** The refusal of a call; fails when the call succeeds. */
export async function apiRefusalOf(call: Promise<unknown>): Promise<ApiRefusal> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    const { status, reason, message } = error;
    return { status, reason, message };
  }
  throw new Error('the API server allowed what it should refuse');
}

export const withoutStamps = (log: string): string =>
  log.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d) /gm, '');

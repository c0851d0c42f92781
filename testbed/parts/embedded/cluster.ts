import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@hangar/shared/clock';
import { stringify } from 'yaml';
import { ObjectApi } from './api/object-api.ts';
import { type Pod, podOf } from './api/pod.ts';
import { DEFAULT_RESOURCES, NAMESPACES, NODES, PODS, type Resource } from './api/resources.ts';
import { Store } from './api/store.ts';
import { secondsText } from './api/times.ts';
import { EventRecorder } from './control/event-recorder.ts';
import { GarbageCollector } from './control/garbage-collector.ts';
import { furnishNamespaces } from './control/namespaces.ts';
import { DEFAULT_NODE, markNode, type NodeSpec, nodeObject, podsOn } from './control/nodes.ts';
import { Faults, type RequestFacts } from './faults/faults.ts';
import { GateBoards } from './gate/board.ts';
import { Permissions } from './http/permissions.ts';
import { ApiServer } from './http/server.ts';
import type { FakeImages } from './kubelet/images.ts';
import { Janitor } from './kubelet/janitor.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { Launcher } from './kubelet/launcher.ts';
import { type KubeletTiming, QUICK_TIMING } from './kubelet/timing.ts';
import { Scheduler } from './schedule/scheduler.ts';

export interface EmbeddedOptions {
  readonly clock?: Clock;
  /** Default: one node of 16 CPU and 32 GiB. */
  readonly nodes?: readonly NodeSpec[];
  /** Beside `default`, `kube-system`, `kube-public` and `kube-node-lease`. */
  readonly namespaces?: readonly string[];
  /** What images do here, by name without tag; see kubelet/images.ts. */
  readonly images?: FakeImages;
  /** Kinds to keep beside the usual ones, without any controller. */
  readonly resources?: readonly Resource[];
  /** Demanded as a bearer token when given. */
  readonly token?: string;
  readonly timing?: Partial<KubeletTiming>;
  /** Default 10 s; the real server's is about a minute. */
  readonly bookmarkIntervalMs?: number;
  /** What the kubelet keeps of a container's log. Default 10 MiB. */
  readonly logLimitBytes?: number;
  /** Told of every request. */
  readonly onRequest?: (facts: RequestFacts) => void;
}

/** Names a Pod for the hooks; `default` is the namespace when none is told. */
export interface PodName {
  readonly namespace?: string;
  readonly name: string;
}

/** How quickly the garbage collector and the namespace controller act. */
const COLLECT_MS = 10;
const NAMESPACE_NAMES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/**
 * Starts Kubernetes in this process: an API server on 127.0.0.1, a scheduler, and kubelets whose containers are local
 * processes. `close` ends every process and removes the folder; should this process die before, a janitor does.
 */
export async function startEmbeddedCluster(options: EmbeddedOptions = {}): Promise<EmbeddedCluster> {
  const cluster = new EmbeddedCluster(options);
  await cluster.faults.start();
  return cluster;
}

/** A running embedded cluster and the hooks by which a test makes it misbehave. */
export class EmbeddedCluster {
  readonly api: ObjectApi;
  readonly faults: Faults;
  readonly permissions = new Permissions();
  readonly folder: string;
  private readonly clock: Clock;
  private readonly token: string | undefined;
  private readonly server: ApiServer;
  private readonly kubelet: Kubelet;
  private readonly janitor: Janitor;
  private readonly endings: (() => void)[] = [];

  constructor(options: EmbeddedOptions) {
    const clock = options.clock ?? systemClock();
    const resources = [...DEFAULT_RESOURCES, ...(options.resources ?? [])];
    this.clock = clock;
    this.token = options.token;
    this.folder = mkdtempSync(join(tmpdir(), 'hangar-embedded-'));
    this.janitor = new Janitor(this.folder);
    const store = new Store();
    this.api = new ObjectApi(clock, store);
    const events = new EventRecorder(clock, this.api);
    this.endings.push(furnishNamespaces(this.api));
    this.furnish(options);
    const scheduler = new Scheduler(clock, this.api, events);
    const collector = new GarbageCollector(clock, this.api, { resources, delayMs: COLLECT_MS });
    this.endings.push(
      () => scheduler.stop(),
      () => collector.stop(),
    );
    this.kubelet = this.makeKubelet(options, events);
    this.faults = new Faults(clock, {
      stopListening: () => this.server.stop(),
      startListening: () => this.server.start(),
      expireHistory: () => store.compact(),
    });
    this.server = new ApiServer({
      clock,
      api: this.api,
      resources,
      faults: this.faults,
      permissions: this.permissions,
      logs: this.kubelet,
      token: options.token,
      bookmarkIntervalMs: options.bookmarkIntervalMs ?? 10_000,
      onRequest: options.onRequest,
    });
  }

  /** `http://127.0.0.1:<port>`. */
  get url(): string {
    return this.server.url;
  }

  /** A kubeconfig for this cluster as YAML. */
  kubeconfig(namespace = 'default'): string {
    return stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'embedded',
      clusters: [{ name: 'embedded', cluster: { server: this.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'embedded', user: this.token === undefined ? {} : { token: this.token } }],
      contexts: [{ name: 'embedded', context: { cluster: 'embedded', user: 'embedded', namespace } }],
    });
  }

  /** A Pod as it stands now; undefined when there is none. */
  pod({ namespace = 'default', name }: PodName): Pod | undefined {
    const found = this.api.store.get(PODS.plural, namespace, name);
    return found === undefined ? undefined : podOf(found);
  }

  /** Kills a container as the kernel does when its memory limit is passed: 137, OOMKilled. */
  oomKill(pod: PodName, container: string): void {
    this.kubelet.oomKill(this.demand(pod), container);
  }

  /** Evicts a Pod as a kubelet short of memory does. */
  evict(pod: PodName, resource = 'memory'): void {
    const target = this.demand(pod);
    const reason = 'TerminationByKubelet';
    const message = `The node was low on resource: ${resource}. `;
    this.addCondition(target, { type: 'DisruptionTarget', reason, message });
    this.kubelet.condemn(target, { reason: 'Evicted', message });
  }

  /** Takes a Pod away without any grace or word, as when someone forces its deletion. */
  vanish(pod: PodName): void {
    this.api.store.remove(PODS.plural, this.demand(pod));
  }

  /** A node stops answering, or is back. While it is away its Pods run on, and nothing is heard of them. */
  setNodeReady(name: string, ready: boolean): void {
    this.kubelet.setSilent(name, !ready);
    markNode(this.clock, this.api, name, ready);
  }

  /** A node is gone for good: its processes die, the Pod collector deletes its Pods. */
  loseNode(name: string): void {
    this.kubelet.setSilent(name, true);
    this.kubelet.killNode(name);
    this.api.delete({ resource: NODES, namespace: '', name });
    for (const pod of podsOn(this.api, name)) {
      const message = 'PodGC: node no longer exists';
      this.addCondition(pod, { type: 'DisruptionTarget', reason: 'DeletionByPodGC', message });
      this.failPod(pod);
      this.vanish({ namespace: pod.metadata.namespace ?? '', name: pod.metadata.name });
    }
  }

  addNode(spec: NodeSpec): void {
    this.api.create(NODES, '', nodeObject(spec, this.clock.now()));
  }

  /** Ends every process, closes the server and removes the folder. */
  async close(): Promise<void> {
    for (const ending of this.endings.splice(0)) ending();
    await this.server.stop();
    await this.kubelet.close();
    await this.janitor.finish();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private furnish({ nodes = [DEFAULT_NODE], namespaces = [] }: EmbeddedOptions): void {
    for (const name of [...NAMESPACE_NAMES, ...namespaces]) {
      this.api.create(NAMESPACES, '', { metadata: { name } });
    }
    for (const node of nodes) this.addNode(node);
  }

  private makeKubelet(options: EmbeddedOptions, events: EventRecorder): Kubelet {
    const { clock, api, janitor, folder } = this;
    const fakeImages = options.images ?? {};
    const launcher = new Launcher({
      store: api.store,
      janitor,
      images: fakeImages,
      boards: new GateBoards(),
      nowMs: () => clock.now(),
    });
    const timing = { ...QUICK_TIMING, ...options.timing };
    const logLimitBytes = options.logLimitBytes ?? 10 * 1024 * 1024;
    return new Kubelet({ clock, api, events, launcher, timing, folder, logLimitBytes, fakeImages });
  }

  private demand(name: PodName): Pod {
    const pod = this.pod(name);
    if (pod !== undefined) return pod;
    throw new Error(`embedded cluster: no Pod ${name.namespace ?? 'default'}/${name.name}`);
  }

  private addCondition(pod: Pod, condition: { type: string; reason: string; message: string }): void {
    this.changeStatus(pod, (status) => ({
      ...status,
      conditions: [
        ...(status.conditions ?? []),
        {
          ...condition,
          status: 'True',
          lastProbeTime: null,
          lastTransitionTime: secondsText(this.clock.now()),
        },
      ],
    }));
  }

  private failPod(pod: Pod): void {
    this.changeStatus(pod, (status) => ({ ...status, phase: 'Failed' }));
  }

  private changeStatus(pod: Pod, change: (status: Pod['status']) => Pod['status']): void {
    const { name, namespace = '' } = pod.metadata;
    this.api.update({ resource: PODS, namespace, name }, 'status', (current) => ({
      ...current,
      status: change(podOf(current).status),
    }));
  }
}

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@hangar/shared/clock';
import { stringify } from 'yaml';
import { ObjectApi } from './api/object-api.ts';
import { type Pod, type PodStatus, podOf } from './api/pod.ts';
import { DEFAULT_RESOURCES, NAMESPACES, NODES, PODS } from './api/resources.ts';
import { ObjectStore } from './api/store.ts';
import { rfc3339Seconds } from './api/times.ts';
import { EventRecorder } from './control/event-recorder.ts';
import { GarbageCollector } from './control/garbage-collector.ts';
import { fillNamespaces } from './control/namespaces.ts';
import { DEFAULT_NODE, type EmbeddedNode, markNode, nodeObject, podsOn } from './control/nodes.ts';
import { ApiFaults } from './faults/faults.ts';
import { GatesByPod } from './gate/pod-gates.ts';
import { Permissions } from './http/permissions.ts';
import { ApiServer } from './http/server.ts';
import type { FakeImages } from './kubelet/images.ts';
import { Janitor } from './kubelet/janitor.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { Launcher } from './kubelet/launcher.ts';
import { type KubeletTiming, QUICK_TIMING } from './kubelet/timing.ts';
import { Scheduler } from './schedule/scheduler.ts';

export interface EmbeddedOptions {
  /** Default: one node of 16 CPU and 32 GiB. */
  readonly nodes?: readonly EmbeddedNode[];
  /** Beside `default`, `kube-system`, `kube-public` and `kube-node-lease`. */
  readonly namespaces?: readonly string[];
  /** What images do here, by name without tag; see kubelet/images.ts. */
  readonly images?: FakeImages;
  /** The bearer token of the API. Default: a random one; {@link EmbeddedCluster.kubeconfig} has it. */
  readonly token?: string;
  readonly timing?: Partial<KubeletTiming>;
  /** Default 10 s; the real server's is about a minute. */
  readonly bookmarkIntervalMs?: number;
}

/** Names a Pod for the hooks; the default namespace is `default`. */
export interface PodName {
  readonly namespace?: string;
  readonly name: string;
}

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
  readonly faults: ApiFaults;
  readonly permissions = new Permissions();
  readonly folder = mkdtempSync(join(tmpdir(), 'hangar-embedded-'));
  private readonly clock: Clock = systemClock();
  /** Each request needs it as a bearer token. */
  readonly token: string;
  private readonly server: ApiServer;
  private readonly kubelet: Kubelet;
  private readonly janitor = new Janitor(this.folder);
  private readonly endings: (() => void)[] = [];

  constructor(options: EmbeddedOptions) {
    const { clock, permissions } = this;
    const { nodes = [DEFAULT_NODE], namespaces = [], bookmarkIntervalMs = 10_000 } = options;
    const { token = randomBytes(24).toString('hex') } = options;
    const store = new ObjectStore();
    this.token = token;
    this.api = new ObjectApi(clock, store);
    const events = new EventRecorder(clock, this.api);
    this.endings.push(fillNamespaces(this.api));
    for (const name of [...NAMESPACE_NAMES, ...namespaces]) {
      this.api.create(NAMESPACES, '', { metadata: { name } });
    }
    for (const node of nodes) this.addNode(node);
    const controllers = [new Scheduler(clock, this.api, events), new GarbageCollector(clock, this.api)];
    this.endings.push(...controllers.map((one) => () => one.stop()));
    this.kubelet = this.makeKubelet(options, events);
    this.faults = new ApiFaults(clock, {
      stopListening: () => this.server.stop(),
      startListening: () => this.server.start(),
      expireHistory: () => store.compact(),
    });
    this.server = new ApiServer({
      ...{ clock, permissions, token, bookmarkIntervalMs },
      api: this.api,
      resources: DEFAULT_RESOURCES,
      faults: this.faults,
      logs: this.kubelet,
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
      users: [{ name: 'embedded', user: { token: this.token } }],
      contexts: [{ name: 'embedded', context: { cluster: 'embedded', user: 'embedded', namespace } }],
    });
  }

  /** The current Pod; undefined when there is none. */
  pod({ namespace = 'default', name }: PodName): Pod | undefined {
    const found = this.api.store.get(PODS.plural, namespace, name);
    return found === undefined ? undefined : podOf(found);
  }

  /** Kills a container as the kernel does when its memory limit is passed: 137, OOMKilled. */
  oomKill(pod: PodName, container: string): void {
    this.kubelet.oomKill(this.existing(pod), container);
  }

  /** Evicts a Pod as a kubelet short of memory does. */
  evict(pod: PodName): void {
    this.terminateByKubelet(pod, 'Evicted', 'The node was low on resource: memory. ');
  }

  /** Ends a Pod as a kubelet does that shuts down with its node. */
  shutDown(pod: PodName): void {
    this.terminateByKubelet(pod, 'Terminated', 'Pod was terminated in response to imminent node shutdown.');
  }

  /** Takes a Pod away without any grace or word, as when someone forces its deletion. */
  removePod(pod: PodName): void {
    this.api.store.remove(PODS.plural, this.existing(pod));
  }

  /** A node becomes unreachable, or reachable again. Meanwhile its Pods keep running, without status updates. */
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
      this.api.updatePodStatus(pod, (status) => ({
        ...this.disrupted(status, 'DeletionByPodGC', message),
        phase: 'Failed',
      }));
      this.api.store.remove(PODS.plural, pod);
    }
  }

  addNode(spec: EmbeddedNode): void {
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

  private terminateByKubelet(pod: PodName, reason: string, message: string): void {
    const target = this.existing(pod);
    this.api.updatePodStatus(target, (status) => this.disrupted(status, 'TerminationByKubelet', message));
    this.kubelet.terminate(target, { reason, message });
  }

  private makeKubelet({ images = {}, timing = {} }: EmbeddedOptions, events: EventRecorder): Kubelet {
    const { clock, api, janitor, folder } = this;
    const gates = new GatesByPod();
    const launcher = new Launcher({ store: api.store, janitor, images, gates, nowMs: () => clock.now() });
    const times = { ...QUICK_TIMING, ...timing };
    return new Kubelet({ clock, api, events, launcher, timing: times, folder, fakeImages: images });
  }

  private existing(name: PodName): Pod {
    const pod = this.pod(name);
    if (pod !== undefined) return pod;
    throw new Error(`embedded cluster: no Pod ${name.namespace ?? 'default'}/${name.name}`);
  }

  private disrupted(status: PodStatus, reason: string, message: string): PodStatus {
    const disruption = {
      ...{ type: 'DisruptionTarget', status: 'True', reason, message },
      lastProbeTime: null,
      lastTransitionTime: rfc3339Seconds(this.clock.now()),
    };
    return { ...status, conditions: [...(status.conditions ?? []), disruption] };
  }
}

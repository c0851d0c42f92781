import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { LABEL } from '@hangar/runner/compiled';
import type { Clock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE, type Target } from '@hangar/shared/kubernetes/cluster';
import { type Change, ListWatch, whole } from '@hangar/shared/kubernetes/list-watch';
import type { V1ContainerState, V1Node, V1Pod, V1Taint } from '@kubernetes/client-node';
import { type Layout, statePaths } from '../../parts/real/plan/layout.ts';
import type { OwnNamespace } from '../../suites/real-flows/own-namespace.ts';

const HEARTBEAT_MS = 10_000;
const LOG = 'built\n';

/** A node without a machine: its Pods run at once, and their containers end well when they are told to. */
export class FakeNode {
  /** Whether Pods run until {@link endAll}; else they end at once. */
  holds = false;
  /** When the status with the end of a Pod's containers was sent, by the stage's id, milliseconds since 1970. */
  readonly endedMs = new Map<number, number>();
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  readonly #namespace: string;
  readonly #server: Server;
  readonly #stop = new AbortController();
  readonly #seen = new Set<string>();
  readonly #held: (() => void)[] = [];
  /** Logs that are followed, by the name of their Pod, until its end. */
  readonly #followed = new Map<string, ServerResponse[]>();
  readonly #pods: ListWatch<V1Pod>;

  private constructor(clock: Clock, { admin, name }: OwnNamespace, server: Server) {
    this.#clock = clock;
    this.#cluster = admin;
    this.#namespace = name;
    this.#server = server;
    this.#pods = new ListWatch<V1Pod>(clock, admin, {
      target: { resource: RESOURCE.pods, namespace: name },
      selection: {},
      read: whole,
      onChange: (change) => this.#take(change),
    });
  }

  /** Makes the node, named as the namespace whose Pods it runs, and serves their logs. */
  static async open(clock: Clock, space: OwnNamespace, layout: Layout): Promise<FakeNode> {
    const { keys } = statePaths(layout);
    const [cert, key] = await Promise.all(['crt', 'key'].map((end) => readFile(`${keys}/serving.${end}`)));
    const server = createServer({ cert, key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const node = new FakeNode(clock, space, server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      node.#log(request.url ?? '', response),
    );
    await node.#register();
    await node.#pods.sync(node.#stop.signal);
    void node.#pods.run(node.#stop.signal);
    void node.#heartbeat();
    return node;
  }

  /** Pods of ours that are there now. */
  get pods(): readonly V1Pod[] {
    return this.#pods.objects;
  }

  get taint(): V1Taint {
    return { key: 'hangar.dev/fake', value: this.#namespace, effect: 'NoSchedule' };
  }

  /** Ends the Pods that are held, one after the other within that time. */
  async endAll(withinMs: number): Promise<void> {
    const pauseMs = withinMs / Math.max(1, this.#held.length);
    for (const end of this.#held.splice(0)) {
      end();
      await this.#clock.sleep(pauseMs, this.#stop.signal);
    }
  }

  async close(): Promise<void> {
    const never = new AbortController().signal;
    this.#stop.abort(new Error('the node is closed'));
    await this.#cluster.remove({ resource: RESOURCE.nodes, name: this.#namespace }, {}, never);
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #register(): Promise<void> {
    const room = { cpu: '10000', memory: '10Ti', pods: '20000' };
    const { port } = this.#server.address() as AddressInfo;
    const status: V1Node['status'] = {
      allocatable: room,
      capacity: room,
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
      conditions: [this.#ready()],
    };
    const labels = { 'hangar.dev/fake': this.#namespace };
    const metadata = { name: this.#namespace, labels };
    const node: V1Node = { metadata, spec: { taints: [this.taint] }, status };
    await this.#cluster.create({ resource: RESOURCE.nodes }, node, this.#stop.signal);
  }

  /** `/containerLogs/<namespace>/<pod>/<container>`: one line, and where it is followed, no end before that of the Pod. */
  #log(url: string, response: ServerResponse): void {
    const name = url.split('/')[3] ?? '';
    response.write(LOG);
    const followed = this.#followed.get(name);
    if (followed && url.includes('follow=true')) followed.push(response);
    else response.end();
  }

  #ready() {
    const now = new Date(this.#clock.now());
    return { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now };
  }

  async #heartbeat(): Promise<void> {
    const { signal } = this.#stop;
    const target = { resource: RESOURCE.nodes, name: this.#namespace, subresource: 'status' } as const;
    while (!signal.aborted) {
      await this.#quietly(() =>
        this.#cluster.patch(target, { status: { conditions: [this.#ready()] } }, 'strategic', signal),
      );
      await this.#clock.sleep(HEARTBEAT_MS, signal);
    }
  }

  #take({ kind, object }: Change<V1Pod>): void {
    const uid = object.metadata?.uid ?? '';
    if (kind === 'gone' || !object.spec?.nodeName) return;
    if (object.metadata?.deletionTimestamp) void this.#once(`${uid} removed`, () => this.#remove(object));
    else void this.#once(uid, () => this.#run(object));
  }

  async #once(what: string, work: () => Promise<unknown>): Promise<void> {
    if (this.#seen.has(what)) return;
    this.#seen.add(what);
    await this.#quietly(work);
  }

  /** A Pod that is removed meanwhile is no fault. */
  async #quietly(work: () => Promise<unknown>): Promise<void> {
    await work().catch(() => undefined);
  }

  async #run(pod: V1Pod): Promise<void> {
    const startMs = this.#clock.now();
    if (this.holds) {
      const { name = '' } = pod.metadata ?? {};
      this.#followed.set(name, []);
      await this.#report(pod, 'Running', () => ({ running: { startedAt: new Date(startMs) } }));
      await new Promise<void>((resolve) => this.#held.push(resolve));
      for (const log of this.#followed.get(name) ?? []) log.end();
      this.#followed.delete(name);
    }
    const endMs = this.#clock.now();
    this.endedMs.set(Number(pod.metadata?.labels?.[LABEL.stageId]), endMs);
    await this.#report(pod, 'Succeeded', (name) => ({
      terminated: {
        exitCode: 0,
        reason: 'Completed',
        message: `ran 0 ${startMs} ${endMs}`,
        containerID: `fake://${pod.metadata?.uid}-${name}`,
        startedAt: new Date(startMs),
        finishedAt: new Date(endMs),
      },
    }));
  }

  async #report(pod: V1Pod, phase: string, stateOf: (container: string) => V1ContainerState): Promise<void> {
    const containerStatuses = (pod.spec?.containers ?? []).map(({ name, image }) => ({
      ...{ name, image, imageID: 'fake', ready: phase === 'Running', restartCount: 0 },
      ...{ containerID: `fake://${pod.metadata?.uid}-${name}`, state: stateOf(name) },
    }));
    const conditions = [{ type: 'Ready', status: 'False', reason: 'PodCompleted' }];
    const target = this.#targetOf(pod, 'status');
    const status = { phase, conditions, containerStatuses };
    await this.#cluster.patch(target, { status }, 'strategic', this.#stop.signal);
  }

  async #remove(pod: V1Pod): Promise<void> {
    const uid = pod.metadata?.uid ?? '';
    await this.#cluster.remove(this.#targetOf(pod), { gracePeriodSeconds: 0, uid }, this.#stop.signal);
  }

  #targetOf({ metadata }: V1Pod, subresource?: 'status'): Target {
    const target = { resource: RESOURCE.pods, namespace: this.#namespace, name: metadata?.name ?? '' };
    return subresource ? { ...target, subresource } : target;
  }
}

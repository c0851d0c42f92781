import { join } from 'node:path';
import { isFinished, type Pod, podOf } from '../api/pod.ts';
import { PODS } from '../api/resources.ts';
import { ApiError, badRequest } from '../api/status-errors.ts';
import type { Change } from '../api/store.ts';
import type { LogOptions, LogSink, LogSource } from '../http/pod-log.ts';
import { misfitOf, roomOf } from '../schedule/fit.ts';
import { add, requestsOf, takesRoom } from '../schedule/requests.ts';
import { ImageStore } from './image-store.ts';
import type { FakeImages } from './images.ts';
import { PodRunner, type PodRunnerParts, type Verdict } from './pod-runner.ts';
import { noLogText, shownRun } from './shown-run.ts';

export type KubeletParts = Omit<
  PodRunnerParts,
  'images' | 'folder' | 'hostFolder' | 'isSilent' | 'onGone'
> & {
  readonly fakeImages: FakeImages;
  /** Folder of the whole cluster. */
  readonly folder: string;
};

/** The kubelets of all nodes: every Pod that is bound to a node runs here. */
export class Kubelet implements LogSource {
  private readonly parts: KubeletParts;
  private readonly runners = new Map<string, PodRunner>();
  private readonly imagesByNode = new Map<string, ImageStore>();
  private readonly silentNodes = new Set<string>();
  private readonly unsubscribe: () => void;
  private readonly emptied = new Set<() => void>();

  constructor(parts: KubeletParts) {
    this.parts = parts;
    this.unsubscribe = parts.api.store.subscribe((change) => this.onChange(change));
  }

  /** A silent node's kubelet starts nothing and tells nothing; its processes go on. */
  setSilent(node: string, silent: boolean): void {
    if (silent) this.silentNodes.add(node);
    else this.silentNodes.delete(node);
    if (silent) return;
    for (const runner of this.runners.values()) {
      if (runner.current.spec.nodeName === node) runner.syncSoon();
    }
  }

  /** Kills what runs on a node, as when its power goes. */
  killNode(node: string): void {
    for (const runner of [...this.runners.values()]) {
      if (runner.current.spec.nodeName === node) runner.vanish();
    }
  }

  oomKill(pod: Pod, container: string): void {
    this.runnerOf(pod)?.slot(container)?.run?.oomKill();
  }

  condemn(pod: Pod, verdict: Verdict): void {
    this.runnerOf(pod)?.condemn(verdict);
  }

  /** Kills everything; resolves when all processes have ended. */
  async close(): Promise<void> {
    this.unsubscribe();
    for (const runner of [...this.runners.values()]) runner.vanish();
    if (this.runners.size === 0) return;
    await new Promise<void>((resolve) => this.emptied.add(resolve));
  }

  readLog(pod: Pod, options: LogOptions, sink: LogSink): () => void {
    const runner = this.runnerOf(pod);
    const slot = runner?.slot(options.container);
    const podName = pod.metadata.name;
    if (this.silentNodes.has(pod.spec.nodeName ?? '')) {
      const url = `https://127.0.0.1:10250/containerLogs/${pod.metadata.namespace ?? ''}/${podName}/${options.container}`;
      throw new ApiError(
        500,
        'InternalError',
        `Get "${url}": dial tcp 127.0.0.1:10250: connect: connection refused`,
      );
    }
    const run = options.previous ? slot?.previous : shownRun(pod, options.container, slot);
    if (run === undefined) throw badRequest(noLogText(pod, options));
    return run.log.read(options, sink);
  }

  private runnerOf(pod: Pod): PodRunner | undefined {
    return this.runners.get(pod.metadata.uid);
  }

  private onChange({ resource, type, object }: Change): void {
    if (resource !== PODS.plural) return;
    const pod = podOf(object);
    const runner = this.runnerOf(pod);
    if (type === 'DELETED') return runner?.vanish();
    if (runner !== undefined) return runner.update(pod);
    if ((pod.spec.nodeName ?? '') === '' || isFinished(pod)) return;
    this.accept(pod);
  }

  private accept(pod: Pod): void {
    const rejection = this.rejectionOf(pod);
    if (rejection !== undefined) return this.reject(pod, rejection);
    const node = pod.spec.nodeName ?? '';
    const { folder } = this.parts;
    const runner = new PodRunner(
      {
        ...this.parts,
        images: this.imagesOf(node),
        folder: join(folder, 'pods', pod.metadata.uid),
        hostFolder: join(folder, 'nodes', node),
        isSilent: () => this.silentNodes.has(node),
        onGone: () => this.forget(pod.metadata.uid),
      },
      pod,
    );
    this.runners.set(pod.metadata.uid, runner);
    runner.syncSoon();
  }

  private forget(uid: string): void {
    this.runners.delete(uid);
    this.parts.launcher.podGone(uid);
    if (this.runners.size > 0) return;
    for (const resolve of this.emptied) resolve();
  }

  private imagesOf(node: string): ImageStore {
    const known = this.imagesByNode.get(node);
    if (known !== undefined) return known;
    const made = new ImageStore(this.parts.clock, this.parts.fakeImages, this.parts.timing);
    this.imagesByNode.set(node, made);
    return made;
  }

  /** The kubelet's own check, for Pods that came past the scheduler. */
  private rejectionOf(pod: Pod): Verdict | undefined {
    const { store } = this.parts.api;
    const node = store.get('nodes', '', pod.spec.nodeName ?? '');
    if (node === undefined) return undefined;
    const others = store
      .list('pods')
      .map(podOf)
      .filter(
        (other) =>
          other.spec.nodeName === pod.spec.nodeName &&
          takesRoom(other) &&
          other.metadata.uid !== pod.metadata.uid,
      );
    const asked = others
      .map((other) => requestsOf(other.spec))
      .reduce(add, { cpuMillicores: 0, memoryBytes: 0 });
    const room = { ...roomOf(node, asked, others.length), taints: [], unschedulable: false };
    const requests = requestsOf(pod.spec);
    const reason = misfitOf(pod, requests, room)?.reasons[0];
    switch (reason) {
      case undefined:
        return undefined;
      case 'Insufficient cpu':
        return outOf('cpu', [requests.cpuMillicores, asked.cpuMillicores, room.allocatable.cpuMillicores]);
      case 'Insufficient memory':
        return outOf('memory', [requests.memoryBytes, asked.memoryBytes, room.allocatable.memoryBytes]);
      case 'Too many pods':
        return outOf('pods', [1, others.length, room.allocatable.pods]);
      default:
        return {
          reason: 'NodeAffinity',
          message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        };
    }
  }

  private reject(pod: Pod, { reason, message }: Verdict): void {
    const { api, events } = this.parts;
    const { name, namespace = '' } = pod.metadata;
    events.record(pod, {
      type: 'Warning',
      reason,
      message,
      component: 'kubelet',
      host: pod.spec.nodeName ?? '',
    });
    api.update({ resource: PODS, namespace, name }, 'status', (current) => ({
      ...current,
      status: { ...pod.status, phase: 'Failed', reason, message: `Pod was rejected: ${message}` },
    }));
  }
}

function outOf(what: string, [requested, used, capacity]: [number, number, number]): Verdict {
  return {
    reason: `OutOf${what}`,
    message: `Node didn't have enough resource: ${what}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  };
}

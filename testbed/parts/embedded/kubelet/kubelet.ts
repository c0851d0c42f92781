import { join } from 'node:path';
import { requestOfSpec } from '@hangar/shared/kubernetes/pod-request';
import { isFinished, type Pod, podOf } from '../api/pod.ts';
import { PODS } from '../api/resources.ts';
import { ApiError, badRequest } from '../api/status-errors.ts';
import type { StoreChange } from '../api/store.ts';
import { podsOn } from '../control/nodes.ts';
import type { LogOptions, LogSink, PodLogSource } from '../http/pod-log.ts';
import { misfitOf, nodeStateOf } from '../schedule/fit.ts';
import { ImageStore } from './image-store.ts';
import type { FakeImages } from './images.ts';
import { PodRunner, type PodRunnerParts, type Termination } from './pod-runner.ts';
import { noLogText, runInStatus } from './run-in-status.ts';

export type KubeletParts = Omit<
  PodRunnerParts,
  'images' | 'folder' | 'hostFolder' | 'isSilent' | 'onGone'
> & {
  readonly fakeImages: FakeImages;
  /** Folder of the whole cluster. */
  readonly folder: string;
};

/** The kubelets of all nodes: every Pod that is bound to a node runs here. */
export class Kubelet implements PodLogSource {
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

  /** A silent node's kubelet starts nothing and reports nothing; its processes go on. */
  setSilent(node: string, silent: boolean): void {
    if (silent) this.silentNodes.add(node);
    else this.silentNodes.delete(node);
    if (!silent) for (const runner of this.runnersOn(node)) runner.syncSoon();
  }

  /** Kills what runs on a node, as on a power failure. */
  killNode(node: string): void {
    for (const runner of this.runnersOn(node)) runner.kill();
  }

  oomKill(pod: Pod, container: string): void {
    this.runnerOf(pod)?.slot(container)?.run?.oomKill();
  }

  terminate(pod: Pod, termination: Termination): void {
    this.runnerOf(pod)?.terminate(termination);
  }

  /** Kills everything; resolves when all processes have ended. */
  async close(): Promise<void> {
    this.unsubscribe();
    for (const runner of [...this.runners.values()]) runner.kill();
    if (this.runners.size === 0) return;
    await new Promise<void>((resolve) => this.emptied.add(resolve));
  }

  readLog(pod: Pod, options: LogOptions, sink: LogSink): () => void {
    const slot = this.runnerOf(pod)?.slot(options.container);
    const { name, namespace = '' } = pod.metadata;
    if (this.silentNodes.has(pod.spec.nodeName ?? '')) {
      const url = `https://127.0.0.1:10250/containerLogs/${namespace}/${name}/${options.container}`;
      const message = `Get "${url}": dial tcp 127.0.0.1:10250: connect: connection refused`;
      throw new ApiError(500, 'InternalError', message);
    }
    const run = options.previous ? slot?.previous : runInStatus(pod, options.container, slot);
    if (run === undefined) throw badRequest(noLogText(pod, options));
    return run.log.read(options, sink);
  }

  private runnerOf(pod: Pod): PodRunner | undefined {
    return this.runners.get(pod.metadata.uid);
  }

  private runnersOn(node: string): PodRunner[] {
    return [...this.runners.values()].filter((runner) => runner.current.spec.nodeName === node);
  }

  private onChange({ resource, type, object }: StoreChange): void {
    if (resource !== PODS.plural) return;
    const pod = podOf(object);
    const runner = this.runnerOf(pod);
    if (type === 'DELETED') return runner?.kill();
    if (runner !== undefined) return runner.update(pod);
    if ((pod.spec.nodeName ?? '') === '' || isFinished(pod)) return;
    const rejection = this.rejectionOf(pod);
    if (rejection === undefined) this.run(pod);
    else this.reject(pod, rejection);
  }

  private run(pod: Pod): void {
    const { uid } = pod.metadata;
    const node = pod.spec.nodeName ?? '';
    const { clock, fakeImages, timing, folder } = this.parts;
    const images = this.imagesByNode.get(node) ?? new ImageStore(clock, fakeImages, timing);
    this.imagesByNode.set(node, images);
    const runner = new PodRunner(
      {
        ...this.parts,
        images,
        folder: join(folder, 'pods', uid),
        hostFolder: join(folder, 'nodes', node),
        isSilent: () => this.silentNodes.has(node),
        onGone: () => this.forget(uid),
      },
      pod,
    );
    this.runners.set(uid, runner);
    runner.syncSoon();
  }

  private forget(uid: string): void {
    this.runners.delete(uid);
    this.parts.launcher.podGone(uid);
    if (this.runners.size > 0) return;
    for (const resolve of this.emptied) resolve();
  }

  /** The kubelet's own check, for Pods that bypassed the scheduler. */
  private rejectionOf(pod: Pod): Termination | undefined {
    const { api } = this.parts;
    const nodeName = pod.spec.nodeName ?? '';
    const node = api.store.get('nodes', '', nodeName);
    if (node === undefined) return undefined;
    const others = podsOn(api, nodeName).filter(({ metadata }) => metadata.uid !== pod.metadata.uid);
    const { requested, allocatable, ...state } = nodeStateOf(node, others);
    const requests = requestOfSpec(pod.spec);
    const misfit = misfitOf(pod, requests, { ...state, requested, allocatable, taints: [] });
    switch (misfit?.reasons[0]) {
      case undefined:
        return undefined;
      case 'Insufficient cpu':
        return outOf('cpu', [requests.cpuMillicores, requested.cpuMillicores, allocatable.cpuMillicores]);
      case 'Insufficient memory':
        return outOf('memory', [requests.memoryBytes, requested.memoryBytes, allocatable.memoryBytes]);
      case 'Too many pods':
        return outOf('pods', [1, others.length, allocatable.pods]);
      default:
        return {
          reason: 'NodeAffinity',
          message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        };
    }
  }

  private reject(pod: Pod, { reason, message }: Termination): void {
    const { api, events } = this.parts;
    const host = pod.spec.nodeName ?? '';
    events.record(pod, { type: 'Warning', reason, message, component: 'kubelet', host });
    const rejected = { phase: 'Failed', reason, message: `Pod was rejected: ${message}` } as const;
    api.updatePodStatus(pod, (status) => ({ ...status, ...rejected }));
  }
}

function outOf(resource: string, [requested, used, capacity]: [number, number, number]): Termination {
  const amounts = `requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return {
    reason: `OutOf${resource}`,
    message: `Node didn't have enough resource: ${resource}, ${amounts}`,
  };
}

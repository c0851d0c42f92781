import type { Clock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { type Change, ListWatch, whole } from '@hangar/shared/kubernetes/list-watch';
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';

/** The end of one run of a container, and when the watch told it, milliseconds since 1970. */
export interface SeenEnd {
  readonly container: string;
  readonly image: string;
  readonly exitCode: number;
  readonly message: string | undefined;
  readonly seenMs: number;
}

/** What was seen of one Pod; it stays when the Pod has gone. */
export interface TapedPod {
  pod: V1Pod;
  /** By container id: a container whose image was swapped has two. */
  readonly ends: Map<string, SeenEnd>;
  goneMs: number | undefined;
}

/** Which Pods are taped. */
export interface Taping {
  readonly namespace: string;
  readonly labelSelector: string;
  /** Those that aren't are left out: others may use the namespace too. */
  readonly isOurs?: (pod: V1Pod) => boolean;
}

/** An admin's list-watch of Pods that remembers: statuses are read before the Pods are removed, by whomever. */
export class PodTape {
  readonly #clock: Clock;
  readonly #pods = new Map<string, TapedPod>();
  readonly #listeners = new Set<(pod: TapedPod, ended: SeenEnd | undefined) => void>();
  readonly #stop = new AbortController();
  readonly #watch: ListWatch<V1Pod>;
  readonly #isOurs: (pod: V1Pod) => boolean;

  constructor(clock: Clock, cluster: Cluster, which: Taping) {
    this.#clock = clock;
    const { namespace, labelSelector } = which;
    this.#isOurs = which.isOurs ?? (() => true);
    this.#watch = new ListWatch<V1Pod>(clock, cluster, {
      target: { resource: RESOURCE.pods, namespace },
      selection: { labelSelector },
      read: whole,
      onChange: (change) => this.#take(change),
    });
  }

  /** Follows until closed; resolves after the first list. */
  async open(): Promise<void> {
    await this.#watch.sync(this.#stop.signal);
    void this.#watch.run(this.#stop.signal);
  }

  get pods(): readonly TapedPod[] {
    return [...this.#pods.values()];
  }

  /** The newest Pod with that label. */
  find(label: string, value: string): TapedPod | undefined {
    return this.pods.findLast(({ pod }) => pod.metadata?.labels?.[label] === value);
  }

  /** Hears every change of a Pod, and each end of a container once; the returned function ends it. */
  listen(hear: (pod: TapedPod, ended: SeenEnd | undefined) => void): () => void {
    this.#listeners.add(hear);
    return () => this.#listeners.delete(hear);
  }

  close(): void {
    this.#stop.abort(new Error('the tape is closed'));
  }

  #take({ kind, object }: Change<V1Pod>): void {
    if (!this.#isOurs(object)) return;
    const uid = object.metadata?.uid ?? '';
    const taped = this.#pods.get(uid) ?? { pod: object, ends: new Map<string, SeenEnd>(), goneMs: undefined };
    this.#pods.set(uid, taped);
    taped.pod = object;
    if (kind === 'gone') taped.goneMs = this.#clock.now();
    const statuses = object.status?.containerStatuses ?? [];
    const ends = statuses.flatMap((status) => this.#ended(taped, status));
    for (const ended of ends.length > 0 ? ends : [undefined]) this.#tell(taped, ended);
  }

  #tell(taped: TapedPod, ended: SeenEnd | undefined): void {
    for (const hear of this.#listeners) hear(taped, ended);
  }

  #ended(taped: TapedPod, { name, image, state }: V1ContainerStatus): readonly SeenEnd[] {
    const id = state?.terminated?.containerID;
    if (!state?.terminated || !id || taped.ends.has(id)) return [];
    const { exitCode, message } = state.terminated;
    const ended = { container: name, image, exitCode, message, seenMs: this.#clock.now() };
    taped.ends.set(id, ended);
    return [ended];
  }
}

import type { Clock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { type Change, ListWatch, whole } from '@hangar/shared/kubernetes/list-watch';
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';

/** The end of one run of a container, and when the watch reported it, milliseconds since 1970. */
export interface SeenEnd {
  readonly container: string;
  readonly image: string;
  readonly message: string | undefined;
  readonly seenMs: number;
}

/** What was seen of one Pod; it stays when the Pod has gone. */
export interface RecordedPod {
  pod: V1Pod;
  /** By container id: a container whose image was swapped has two. */
  readonly ends: Map<string, SeenEnd>;
  goneMs: number | undefined;
}

type Listener = (pod: RecordedPod, ended: SeenEnd) => void;

/** An admin's list-watch of all Pods of a namespace that keeps the last status of Pods that were removed. */
export class PodRecorder {
  readonly #clock: Clock;
  readonly #pods = new Map<string, RecordedPod>();
  readonly #listeners = new Set<Listener>();
  readonly #stop = new AbortController();
  readonly #watch: ListWatch<V1Pod>;

  constructor(clock: Clock, cluster: Cluster, namespace: string) {
    this.#clock = clock;
    this.#watch = new ListWatch<V1Pod>(clock, cluster, {
      target: { resource: RESOURCE.pods, namespace },
      selection: {},
      read: whole,
      onChange: (change) => this.#take(change),
    });
  }

  /** Follows until closed; resolves after the first list. */
  async open(): Promise<void> {
    await this.#watch.sync(this.#stop.signal);
    void this.#watch.run(this.#stop.signal);
  }

  get pods(): readonly RecordedPod[] {
    return [...this.#pods.values()];
  }

  /** No Pod is there now. */
  get isEmpty(): boolean {
    return this.pods.every(({ goneMs }) => goneMs !== undefined);
  }

  /** The newest Pod with that label. */
  find(label: string, value: string): RecordedPod | undefined {
    return this.pods.findLast(({ pod }) => pod.metadata?.labels?.[label] === value);
  }

  /** Called once for each end of a container; the returned function removes the listener. */
  listen(hear: Listener): () => void {
    this.#listeners.add(hear);
    return () => this.#listeners.delete(hear);
  }

  close(): void {
    this.#stop.abort(new Error('the tape is closed'));
  }

  #take({ kind, object }: Change<V1Pod>): void {
    const uid = object.metadata?.uid ?? '';
    const taped = this.#pods.get(uid) ?? { pod: object, ends: new Map<string, SeenEnd>(), goneMs: undefined };
    this.#pods.set(uid, taped);
    taped.pod = object;
    if (kind === 'gone') taped.goneMs = this.#clock.now();
    for (const status of object.status?.containerStatuses ?? []) this.#note(taped, status);
  }

  #note(taped: RecordedPod, { name, image, state }: V1ContainerStatus): void {
    const id = state?.terminated?.containerID;
    if (!state?.terminated || !id || taped.ends.has(id)) return;
    const { message } = state.terminated;
    const ended = { container: name, image, message, seenMs: this.#clock.now() };
    taped.ends.set(id, ended);
    for (const hear of this.#listeners) hear(taped, ended);
  }
}

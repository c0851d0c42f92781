import type { Clock } from '@hangar/shared/clock';
import { type Cluster, type KubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { type Change, ListWatch } from '@hangar/shared/kubernetes/list-watch';
import type { V1Pod } from '@kubernetes/client-node';
import { LABEL } from '../pipeline/compiled.ts';

/** One Pod, live: what it is now, and a call at each change. */
export interface PodFeed {
  /** Undefined before it was first seen. */
  readonly pod: V1Pod | undefined;
  /** It was there (or ought to be) and is no more. */
  readonly gone: boolean;
  /** The returned function ends it. */
  subscribe(onChange: () => void): () => void;
}

/** Who hears of troubles of the watch, for logs and readiness. */
export interface PodWatchOptions {
  onTrouble(namespace: string, error: KubernetesError): void;
}

const SELECTION = { labelSelector: `${LABEL.managedBy}=${LABEL.managedByValue}` };

/** All Pods of Hangar in the namespaces that are followed: one list-watch a namespace, shared by all flights. */
export class PodWatch {
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  readonly #options: PodWatchOptions;
  readonly #watches = new Map<string, ListWatch<V1Pod>>();
  readonly #feeds = new Map<string, Set<Feed>>();
  readonly #listeners = new Set<(change: Change<V1Pod>) => void>();
  readonly #runs: Promise<void>[] = [];

  constructor(clock: Clock, cluster: Cluster, options: PodWatchOptions) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.#options = options;
  }

  /** Lists a namespace and follows it until the signal is aborted; again is nothing. Rejects when the first list fails. */
  async follow(namespace: string, signal: AbortSignal): Promise<void> {
    if (this.#watches.has(namespace)) return;
    const watch = new ListWatch<V1Pod>(this.#clock, this.#cluster, {
      target: { resource: RESOURCE.pods, namespace },
      selection: SELECTION,
      onChange: (change) => this.#route(change),
      onTrouble: (error) => this.#options.onTrouble(namespace, error),
    });
    this.#watches.set(namespace, watch);
    try {
      await watch.sync(signal);
    } catch (error) {
      this.#watches.delete(namespace);
      throw error;
    }
    this.#runs.push(watch.run(signal));
  }

  /** All Pods known, of all namespaces. */
  get pods(): readonly V1Pod[] {
    return [...this.#watches.values()].flatMap((watch) => watch.objects);
  }

  /** The longest silence of any namespace's watch, in milliseconds. */
  get staleMs(): number {
    return Math.max(0, ...[...this.#watches.values()].map((watch) => watch.staleMs ?? 0));
  }

  /** Hears every change; the returned function ends it. */
  listen(listener: (change: Change<V1Pod>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows one Pod by uid, starting from `pod` as the API last gave it. */
  feed(pod: V1Pod): PodFeed & { close(): void } {
    const uid = pod.metadata?.uid ?? '';
    const known = this.#watches
      .get(pod.metadata?.namespace ?? '')
      ?.find(pod.metadata?.namespace ?? '', pod.metadata?.name ?? '');
    const feed = new Feed(known?.metadata?.uid === uid ? known : pod);
    const all = this.#feeds.get(uid) ?? new Set();
    this.#feeds.set(uid, all.add(feed));
    return Object.assign(feed, {
      close: () => {
        all.delete(feed);
        if (all.size === 0) this.#feeds.delete(uid);
      },
    });
  }

  /** Resolves when all list-watches have ended (after their signal). */
  async ended(): Promise<void> {
    await Promise.all(this.#runs);
  }

  #route(change: Change<V1Pod>): void {
    for (const feed of this.#feeds.get(change.object.metadata?.uid ?? '') ?? []) feed.take(change);
    for (const listener of this.#listeners) listener(change);
  }
}

class Feed implements PodFeed {
  pod: V1Pod | undefined;
  gone = false;
  readonly #subscribers = new Set<() => void>();

  constructor(pod: V1Pod) {
    this.pod = pod;
  }

  subscribe(onChange: () => void): () => void {
    this.#subscribers.add(onChange);
    return () => this.#subscribers.delete(onChange);
  }

  take(change: Change<V1Pod>): void {
    this.pod = change.object;
    this.gone = change.kind === 'gone';
    for (const tell of this.#subscribers) tell();
  }
}

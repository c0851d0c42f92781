import { BoundedMap, BoundedSet } from '@hangar/shared/bounded';
import type { Clock } from '@hangar/shared/clock';
import { type Cluster, type KubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { type Change, ListWatch } from '@hangar/shared/kubernetes/list-watch';
import type { V1Pod } from '@kubernetes/client-node';
import { LABEL } from '../pipeline/compiled.ts';
import { keptPod } from './kept-pod.ts';
import type { PodNotice } from './pod-notice.ts';

/** A live view of one Pod: its current state, and a callback for each change. */
export interface PodFeed {
  /** Undefined before it was first seen. */
  readonly pod: V1Pod | undefined;
  /** The Pod existed (or should have) and is deleted. */
  readonly gone: boolean;
  /** Whether `pod` is the Pod as it was when it was deleted; otherwise the watch has missed that, and what came before it. */
  readonly isFinal: boolean;
  /** The notices from its Events so far, without repetitions, in order; empty if they can't be watched. */
  readonly notices: readonly PodNotice[];
  /** The returned function unsubscribes. */
  subscribe(onChange: () => void): () => void;
  /** Reads the Pod from the API server now: its watch may be silent or late. Rejects if it can't be read. */
  refresh(signal: AbortSignal): Promise<void>;
}

/** Callbacks for errors of the watch, for logs and readiness. */
export interface PodWatchOptions {
  onTrouble(namespace: string, error: KubernetesError): void;
}

/** One watched namespace. */
interface Followed {
  readonly watch: ListWatch<V1Pod>;
  readonly left: AbortController;
  /** Aborted: it is about to end. */
  readonly signal: AbortSignal;
  readonly synced: Promise<void>;
}

/** Number of deleted Pods that are remembered. */
const MOST_GONE = 1_000;
/** Limits of notices: the number of Pods, most recent first, and of notices per Pod; more would only fill the log. */
const MOST_NOTICED = 1_000;
const MOST_NOTICES = 40;
const SELECTION = { labelSelector: `${LABEL.managedBy}=${LABEL.managedByValue}` };

/** All Pods of Hangar in the watched namespaces: one list-watch per namespace, shared by all stages. */
export class PodWatch {
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  readonly #options: PodWatchOptions;
  readonly #watches = new Map<string, Followed>();
  readonly #feeds = new Map<string, Set<Feed>>();
  readonly #listeners = new Set<(change: Change<V1Pod>) => void>();
  readonly #runs = new Set<Promise<void>>();
  /** Uids of recently deleted Pods: a feed that is opened for one later must not wait for it. */
  readonly #gone = new BoundedSet<string>(MOST_GONE);
  /** By uid: an Event may arrive before the feed of its Pod is opened. */
  readonly #notices = new BoundedMap<string, readonly PodNotice[]>(MOST_NOTICED);

  constructor(clock: Clock, cluster: Cluster, options: PodWatchOptions) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.#options = options;
  }

  /** Lists a namespace and watches it until the signal is aborted; calls before that have no effect. Rejects if the first list fails. */
  follow(namespace: string, signal: AbortSignal): Promise<void> {
    const known = this.#watches.get(namespace);
    // One that was aborted may take a while to end: nobody continues it.
    if (known && !known.signal.aborted) return known.synced;
    const watch = new ListWatch<V1Pod>(this.#clock, this.#cluster, {
      target: { resource: RESOURCE.pods, namespace },
      selection: SELECTION,
      read: keptPod,
      onChange: (change) => this.#route(change),
      onTrouble: (error) => this.#options.onTrouble(namespace, error),
    });
    const left = new AbortController();
    const either = AbortSignal.any([signal, left.signal]);
    const synced = this.#begin(namespace, watch, either);
    this.#watches.set(namespace, { watch, left, signal: either, synced });
    return synced;
  }

  async #begin(namespace: string, watch: ListWatch<V1Pod>, signal: AbortSignal): Promise<void> {
    try {
      await watch.sync(signal);
    } catch (error) {
      if (this.#watches.get(namespace)?.watch === watch) this.#watches.delete(namespace);
      throw error;
    }
    const run = watch.run(signal);
    this.#runs.add(run);
    void run.then(() => {
      this.#runs.delete(run);
      // It may be followed again, with another signal.
      if (this.#watches.get(namespace)?.watch === watch) this.#watches.delete(namespace);
    });
  }

  /** Stops watching a namespace that is deleted or has no Pods any more. */
  leave(namespace: string): void {
    this.#watches.get(namespace)?.left.abort(new Error('the namespace is no longer watched'));
    this.#watches.delete(namespace);
  }

  /** All known Pods, of all namespaces. */
  get pods(): readonly V1Pod[] {
    return [...this.#watches.values()].flatMap(({ watch }) => watch.objects);
  }

  /** The longest time since an event in any namespace's watch, in milliseconds. */
  get staleMs(): number {
    return Math.max(0, ...[...this.#watches.values()].map(({ watch }) => watch.staleMs ?? 0));
  }

  /** Subscribes to every change; the returned function unsubscribes. */
  listen(listener: (change: Change<V1Pod>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows one Pod by uid, starting from `pod` as last returned by the API. */
  feed(pod: V1Pod): PodFeed & { close(): void } {
    const uid = uidOf(pod);
    const known = this.#known(pod);
    const refresh = (signal: AbortSignal): Promise<void> => this.#refresh(pod, signal);
    const feed = new Feed(known && uidOf(known) === uid ? known : pod, this.#gone.has(uid), refresh);
    feed.hear(this.#notices.get(uid) ?? []);
    const all = this.#feeds.get(uid) ?? new Set();
    this.#feeds.set(uid, all.add(feed));
    return Object.assign(feed, {
      close: () => {
        all.delete(feed);
        if (all.size === 0) this.#feeds.delete(uid);
      },
    });
  }

  /** Adds a notice for the Pod with that uid. */
  notice(uid: string, notice: PodNotice): void {
    const before = this.#notices.get(uid) ?? [];
    const isKnown = before.some(({ key }) => key === notice.key);
    if (isKnown || before.length >= MOST_NOTICES || this.#gone.has(uid)) return;
    const now = [...before, notice];
    this.#notices.set(uid, now);
    for (const feed of this.#feeds.get(uid) ?? []) feed.hear(now);
  }

  /** Resolves when all list-watches have ended (after their signal). */
  async ended(): Promise<void> {
    await Promise.all(this.#runs);
  }

  async #refresh(pod: V1Pod, signal: AbortSignal): Promise<void> {
    const { namespace = '', name = '' } = pod.metadata ?? {};
    const now = await this.#watches.get(namespace)?.watch.refresh(namespace, name, signal);
    const isGone = this.#watches.has(namespace) && uidOf(now ?? {}) !== uidOf(pod);
    // One that the watch has never shown is not reported as gone by it either.
    if (isGone && !this.#gone.has(uidOf(pod))) this.#route({ kind: 'gone', object: pod, before: pod });
  }

  #remember(uid: string): void {
    this.#gone.add(uid);
    this.#notices.delete(uid);
  }

  /** The known Pod of that name. */
  #known({ metadata }: V1Pod): V1Pod | undefined {
    const { namespace = '', name = '' } = metadata ?? {};
    return this.#watches.get(namespace)?.watch.find(namespace, name);
  }

  #route(change: Change<V1Pod>): void {
    if (change.kind === 'gone') this.#remember(uidOf(change.object));
    for (const feed of this.#feeds.get(uidOf(change.object)) ?? []) feed.take(change);
    for (const listener of this.#listeners) listener(change);
  }
}

const uidOf = ({ metadata }: V1Pod): string => metadata?.uid ?? '';

class Feed implements PodFeed {
  pod: V1Pod | undefined;
  gone: boolean;
  isFinal = false;
  notices: readonly PodNotice[] = [];
  readonly refresh: (signal: AbortSignal) => Promise<void>;
  readonly #subscribers = new Set<() => void>();

  constructor(pod: V1Pod, gone: boolean, refresh: PodFeed['refresh']) {
    this.pod = pod;
    this.gone = gone;
    this.refresh = refresh;
  }

  subscribe(onChange: () => void): () => void {
    this.#subscribers.add(onChange);
    return () => this.#subscribers.delete(onChange);
  }

  take(change: Change<V1Pod>): void {
    // An event that was delayed until after the deletion was found.
    if (this.gone && change.kind === 'present') return;
    this.pod = change.object;
    this.gone = change.kind === 'gone';
    this.isFinal = this.gone && change.object !== change.before;
    this.#tell();
  }

  hear(notices: readonly PodNotice[]): void {
    this.notices = notices;
    this.#tell();
  }

  #tell(): void {
    for (const tell of this.#subscribers) tell();
  }
}

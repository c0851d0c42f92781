import type { KubernetesObject } from '@kubernetes/client-node';
import type { Clock } from '../clock.ts';
import { type Cluster, KubernetesError, type Selection, type Target, type WatchEvent } from './cluster.ts';

/** What a list-watch tells: an object as it is now, or that it is gone (with its last known form). */
export type Change<T> =
  | { readonly kind: 'present'; readonly object: T }
  | { readonly kind: 'gone'; readonly object: T };

/** What is listed and watched, and who hears of it. */
export interface ListWatchOptions<T> {
  readonly target: Target;
  readonly selection: Selection;
  /** Told after `objects` shows it; all of a list stand there before the first of them is told. */
  onChange(change: Change<T>): void;
  /** Each trouble, once it is met; the loop goes on by itself. */
  onTrouble?(error: KubernetesError): void;
}

/** Bookmarks come about once a minute: two missing ones mean a dead stream. */
const SILENCE_MS = 130_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** A watch that lived this long, or brought news, was a good one. */
const GOOD_LIFE_MS = 1_000;
const GONE = 410;
const TOO_MANY = 429;

/**
 * A filtered copy of a part of the cluster that stays true: list, watch from there, and again after anything odd: time-outs, cuts,
 * silence, 410, 429, 500. Changes during a gap are told after the next list, disappearances included. client-node's informer stops
 * for good on a cut socket (measured), hence our own.
 */
export class ListWatch<T extends KubernetesObject> {
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  readonly #options: ListWatchOptions<T>;
  readonly #objects = new Map<string, T>();
  #version: string | undefined;
  #heardAtMs: number | undefined;
  /** In a row, since the last good watch. */
  #failures = 0;

  constructor(clock: Clock, cluster: Cluster, options: ListWatchOptions<T>) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.#options = options;
  }

  /** What is known, by no order. */
  get objects(): readonly T[] {
    return [...this.#objects.values()];
  }

  /** The object of that name, as last heard. */
  find(namespace: string, name: string): T | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  /** Milliseconds since the API server was last heard; undefined before the first list. */
  get staleMs(): number | undefined {
    return this.#heardAtMs === undefined ? undefined : this.#clock.monotonicMs() - this.#heardAtMs;
  }

  /** Lists once, rejecting when that fails; `run` goes on from there. */
  async sync(signal: AbortSignal): Promise<void> {
    const listing = await this.#cluster.list<T>(this.#options.target, this.#options.selection, signal);
    this.#heard();
    this.#version = listing.resourceVersion;
    const now = new Map(listing.items.map((item) => [keyOf(item), item]));
    const lost = [...this.#objects].filter(([key]) => !now.has(key));
    const gone = lost.flatMap(([key, object]) => this.#forget(key, object));
    const present = [...now].flatMap(([key, object]) => this.#keep(key, object));
    for (const change of [...gone, ...present]) this.#tell(change);
  }

  /** Runs until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.sync(signal);
        await this.#follow(this.#version ?? '0', signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error, signal);
      }
    }
  }

  /** One watch, to its end. A server that accepts and closes at once must not be hammered. */
  async #follow(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const options = { ...this.#options.selection, resourceVersion, silenceMs: SILENCE_MS };
    const openedMs = this.#clock.monotonicMs();
    try {
      for await (const event of this.#cluster.watch<T>(this.#options.target, options, signal))
        this.#take(event);
    } finally {
      if (this.#clock.monotonicMs() - openedMs >= GOOD_LIFE_MS) this.#failures = 0;
    }
    if (this.#clock.monotonicMs() - openedMs < GOOD_LIFE_MS) await this.#pause(signal);
  }

  #take(event: WatchEvent<T>): void {
    this.#heard();
    const { type, object } = event;
    if (type === 'ERROR') throw refused(object);
    this.#version = object.metadata?.resourceVersion ?? this.#version;
    if (type === 'BOOKMARK') return;
    this.#failures = 0;
    const key = keyOf(object);
    for (const change of type === 'DELETED' ? this.#forget(key, object) : this.#keep(key, object))
      this.#tell(change);
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const trouble = troubleOf(error);
    // Without an answer, or asked to be slower, the version is as good as before; any other refusal may hide one that no longer counts.
    if (trouble.status !== 0 && trouble.status !== TOO_MANY) this.#version = undefined;
    if (trouble.status !== GONE) this.#options.onTrouble?.(trouble);
    else if (this.#failures === 0) {
      // Of an ordinary expiry nobody need hear, nor wait; a second one in a row is odd.
      this.#failures = 1;
      return;
    }
    await this.#pause(signal, trouble.retryAfterMs);
  }

  #pause(signal: AbortSignal, atLeastMs = 0): Promise<void> {
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    return this.#clock.sleep(Math.max(pauseMs, atLeastMs), signal);
  }

  #heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs();
  }

  #keep(key: string, object: T): Change<T>[] {
    const known = this.#objects.get(key);
    if (known && isSame(known, object)) return [];
    this.#objects.set(key, object);
    const replaced = known && known.metadata?.uid !== object.metadata?.uid;
    const before: Change<T>[] = replaced ? [{ kind: 'gone', object: known }] : [];
    return [...before, { kind: 'present', object }];
  }

  #forget(key: string, object: T): Change<T>[] {
    return this.#objects.delete(key) ? [{ kind: 'gone', object }] : [];
  }

  /** A listener's own failure must not cost the others their news. */
  #tell(change: Change<T>): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      this.#options.onTrouble?.(troubleOf(error));
    }
  }
}

const keyOf = (object: KubernetesObject): string =>
  `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;

/** A name may come back with another object behind it. */
const isSame = ({ metadata: a }: KubernetesObject, { metadata: b }: KubernetesObject): boolean =>
  a?.uid === b?.uid && a?.resourceVersion === b?.resourceVersion;

/** The Status in an `ERROR` event. */
function refused(status: KubernetesObject): KubernetesError {
  const { code, reason, message } = status as { code?: number; reason?: string; message?: string };
  return new KubernetesError(code ?? GONE, reason ?? 'Expired', message ?? 'the watch ended with an error');
}

function troubleOf(error: unknown): KubernetesError {
  if (error instanceof KubernetesError) return error;
  return new KubernetesError(0, 'Unexpected', String(error), { cause: error });
}

import type { KubernetesObject } from '@kubernetes/client-node';
import { Backoff, type BackoffPolicy } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import {
  type Cluster,
  ifPresent,
  KubernetesError,
  type Selection,
  type Target,
  type WatchEvent,
} from './cluster.ts';

/** A notification: an object's current form, or its deletion (with its last known form). */
export interface Change<Kept> {
  readonly kind: 'present' | 'gone';
  readonly object: Kept;
  /** The previously known form of the same object; undefined for a new one. */
  readonly before: Kept | undefined;
}

/** What is listed and watched, what is kept of each object, and who is notified. */
export interface ListWatchOptions<T, Kept> {
  readonly target: Target;
  readonly selection: Selection;
  /** Converts an object to the part that is kept: with thousands of objects the rest would fill the memory. */
  read(object: T): Kept;
  /** Called after `objects` contains the change; a list is stored completely before the first notification. */
  onChange(change: Change<Kept>): void;
  /** Called for each error; the loop continues by itself. */
  onTrouble?(error: KubernetesError): void;
}

/** For callers that need objects as they are in the API. */
export const whole = <T>(object: T): T => object;

/** The kept part of an object, and its uid and version. */
interface Known<Kept> {
  readonly uid: string | undefined;
  readonly version: string | undefined;
  readonly kept: Kept;
}

/** Bookmarks arrive about once a minute: two missing ones mean a dead stream. */
export const SILENCE_MS = 130_000;
const BACKOFF: BackoffPolicy = { firstDelayMs: 100, maxDelayMs: 10_000 };
/** A watch that lasted this long, or delivered an event, counts as working. */
const GOOD_LIFE_MS = 1_000;
const GONE = 410;
const TOO_MANY = 429;

/**
 * A filtered local copy of cluster objects that stays in sync: list, watch from there, and list again after any irregularity: time-outs,
 * cuts,
 * silence, 410, 429, 500. Changes during a gap are reported after the next list, deletions included. client-node's informer stops
 * for good on a cut socket (measured), hence this implementation.
 */
export class ListWatch<T extends KubernetesObject, Kept = T> {
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  readonly #options: ListWatchOptions<T, Kept>;
  readonly #known = new Map<string, Known<Kept>>();
  #version: string | undefined;
  #heardAtMs: number | undefined;
  /** Consecutive failures since the last working watch. */
  readonly #backoff: Backoff;

  constructor(clock: Clock, cluster: Cluster, options: ListWatchOptions<T, Kept>) {
    this.#clock = clock;
    this.#backoff = new Backoff(clock, BACKOFF);
    this.#cluster = cluster;
    this.#options = options;
  }

  /** All known objects, unordered. */
  get objects(): readonly Kept[] {
    const objects: Kept[] = [];
    for (const { kept } of this.#known.values()) objects.push(kept);
    return objects;
  }

  /** The last known form of the object of that name. */
  find(namespace: string, name: string): Kept | undefined {
    return this.#known.get(`${namespace}/${name}`)?.kept;
  }

  /** Milliseconds since the last response or event of the API server; undefined before the first list. */
  get staleMs(): number | undefined {
    return this.#heardAtMs === undefined ? undefined : this.#clock.monotonicMs() - this.#heardAtMs;
  }

  /** Lists once and rejects if that fails; `run` continues from there. */
  async sync(signal: AbortSignal): Promise<void> {
    const { target, selection } = this.#options;
    const now = new Map<string, Known<Kept>>();
    let version: string | undefined;
    for await (const page of this.#cluster.pages<T>(target, selection, signal)) {
      version = page.resourceVersion;
      for (const object of page.items) {
        const key = keyOf(object);
        // The object exists, whether it can be converted or not.
        const known = this.#read(object) ?? this.#known.get(key);
        if (known) now.set(key, known);
      }
    }
    // Only after the last page: continuing from a partial list would hide the missing objects for ever.
    this.#version = version;
    this.#heard();
    const lost = [...this.#known].filter(([key]) => !now.has(key));
    const gone = lost.flatMap(([key]) => this.#missing(key));
    const present = [...now].flatMap(([key, known]) => this.#keep(key, known));
    for (const change of [...gone, ...present]) this.#tell(change);
  }

  /**
   * Reads one object now, and notifies of the difference like of an event: the watch may be silent or late. Rejects if it can't be read.
   *
   * @returns its present form; undefined: it does not exist
   */
  async refresh(namespace: string, name: string, signal: AbortSignal): Promise<Kept | undefined> {
    const target = { ...this.#options.target, namespace, name };
    const object = await ifPresent(this.#cluster.get<T>(target, signal));
    const key = `${namespace}/${name}`;
    for (const change of object ? this.#changes('MODIFIED', object) : this.#missing(key)) this.#tell(change);
    return this.#known.get(key)?.kept;
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

  /** Runs one watch to its end. It must not busy-loop on a server that accepts and closes at once. */
  async #follow(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const options = { ...this.#options.selection, resourceVersion, silenceMs: SILENCE_MS };
    const openedMs = this.#clock.monotonicMs();
    try {
      for await (const event of this.#cluster.watch<T>(this.#options.target, options, signal))
        this.#take(event);
    } finally {
      if (this.#clock.monotonicMs() - openedMs >= GOOD_LIFE_MS) this.#backoff.reset();
    }
    if (this.#clock.monotonicMs() - openedMs < GOOD_LIFE_MS) await this.#backoff.pause(signal);
  }

  #take(event: WatchEvent<T>): void {
    this.#heard();
    const { type, object } = event;
    if (type === 'ERROR') throw refused(object);
    this.#advance(object.metadata?.resourceVersion);
    if (type === 'BOOKMARK') return;
    this.#backoff.reset();
    for (const change of this.#changes(type, object)) this.#tell(change);
  }

  #advance(version: string | undefined): void {
    if (version !== undefined && !isOlder(version, this.#version)) this.#version = version;
  }

  #changes(type: WatchEvent<T>['type'], object: T): readonly Change<Kept>[] {
    const key = keyOf(object);
    const known = this.#known.get(key);
    // A cache in between may repeat an earlier event.
    if (isOlder(object.metadata?.resourceVersion, known?.version)) return [];
    const news = this.#read(object) ?? known;
    if (news === undefined) return [];
    return type === 'DELETED' ? this.#forget(key, news.kept) : this.#keep(key, news);
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const trouble = troubleOf(error);
    // Without a response, or after 429, the version is still valid; any other error may mean that it has expired.
    if (trouble.status !== 0 && trouble.status !== TOO_MANY) this.#version = undefined;
    if (trouble.status !== GONE) this.#options.onTrouble?.(trouble);
    // An ordinary expiry needs neither a report nor a delay; a second one in a row is an error.
    else if (this.#backoff.failures === 0) return void this.#backoff.failed();
    await this.#backoff.pause(signal, trouble.retryAfterMs);
  }

  #heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs();
  }

  /** An object that can't be converted must not block the notifications for the others. */
  #read(object: T): Known<Kept> | undefined {
    const { uid, resourceVersion: version } = object.metadata ?? {};
    return this.#guarded(() => ({ uid, version, kept: this.#options.read(object) }));
  }

  #keep(key: string, news: Known<Kept>): Change<Kept>[] {
    const known = this.#known.get(key);
    const isSame = known?.uid === news.uid;
    if (known && isSame && known.version === news.version) return [];
    this.#known.set(key, news);
    const { kept: object } = news;
    if (known === undefined) return [{ kind: 'present', object, before: undefined }];
    if (isSame) return [{ kind: 'present', object, before: known.kept }];
    // The name was reused by another object.
    return [
      { kind: 'gone', object: known.kept, before: known.kept },
      { kind: 'present', object, before: undefined },
    ];
  }

  /** It was deleted, and that was not seen. */
  #missing(key: string): Change<Kept>[] {
    const known = this.#known.get(key);
    return known ? this.#forget(key, known.kept) : [];
  }

  #forget(key: string, object: Kept): Change<Kept>[] {
    const before = this.#known.get(key)?.kept;
    return this.#known.delete(key) ? [{ kind: 'gone', object, before }] : [];
  }

  /** An exception in one listener must not block the others. */
  #tell(change: Change<Kept>): void {
    this.#guarded(() => this.#options.onChange(change));
  }

  #guarded<R>(call: () => R): R | undefined {
    try {
      return call();
    } catch (error) {
      this.#options.onTrouble?.(troubleOf(error));
      return undefined;
    }
  }
}

/** Whether a version precedes another one. Kubernetes documents them as comparable numbers (KEP-5504); others are never older. */
export function isOlder(version: string | undefined, than: string | undefined): boolean {
  const isNumber = (text: string | undefined): text is string => /^\d+$/.test(text ?? '');
  return isNumber(version) && isNumber(than) && BigInt(version) < BigInt(than);
}

const keyOf = (object: KubernetesObject): string =>
  `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;

/** The Status in an `ERROR` event. */
function refused(status: KubernetesObject): KubernetesError {
  const { code, reason, message } = status as { code?: number; reason?: string; message?: string };
  return new KubernetesError(code ?? GONE, reason ?? 'Expired', message ?? 'the watch ended with an error');
}

function troubleOf(error: unknown): KubernetesError {
  if (error instanceof KubernetesError) return error;
  return new KubernetesError(0, 'Unexpected', String(error), { cause: error });
}

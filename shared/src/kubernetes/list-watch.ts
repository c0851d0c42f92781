import type { KubernetesObject } from '@kubernetes/client-node';
import type { Clock } from '../clock.ts';
import { type Cluster, KubernetesError, type Selection, type Target } from './cluster.ts';

/** What a list-watch tells: an object as it is now, or that it is gone (with its last known form). */
export type Change<T> =
  | { readonly kind: 'present'; readonly object: T }
  | { readonly kind: 'gone'; readonly object: T };

/** What is listed and watched, and who hears of it. */
export interface ListWatchOptions<T> {
  readonly target: Target;
  readonly selection: Selection;
  onChange(change: Change<T>): void;
  /** Each trouble, once it is met; the loop goes on by itself. */
  onTrouble?(error: KubernetesError): void;
}

/** Bookmarks come about once a minute: two missing ones mean a dead stream. */
const SILENCE_MS = 130_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

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
  #pauseMs = 0;

  constructor(clock: Clock, cluster: Cluster, options: ListWatchOptions<T>) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.#options = options;
  }

  /** What is known, by no order. */
  get objects(): readonly T[] {
    return [...this.#objects.values()];
  }

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
    for (const [key, object] of this.#objects) if (!now.has(key)) this.#forget(key, object);
    for (const [key, object] of now) this.#keep(key, object);
  }

  /** Runs until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.sync(signal);
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error, signal);
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const options = {
      ...this.#options.selection,
      resourceVersion: this.#version ?? '0',
      silenceMs: SILENCE_MS,
    };
    const openedMs = this.#clock.monotonicMs();
    let events = 0;
    for await (const event of this.#cluster.watch<T>(this.#options.target, options, signal)) {
      this.#heard();
      events += 1;
      this.#pauseMs = 0;
      if (event.type === 'ERROR') throw expired(event.object);
      this.#version = event.object.metadata?.resourceVersion ?? this.#version;
      if (event.type === 'DELETED') this.#forget(keyOf(event.object), event.object);
      else if (event.type !== 'BOOKMARK') this.#keep(keyOf(event.object), event.object);
    }
    // A server that accepts and closes at once must not be hammered.
    if (events === 0 && this.#clock.monotonicMs() - openedMs < 1000) await this.#pause(signal);
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const trouble =
      error instanceof KubernetesError
        ? error
        : new KubernetesError(0, 'Unexpected', String(error), { cause: error });
    if (trouble.status === 410) {
      this.#version = undefined;
      return;
    }
    this.#options.onTrouble?.(trouble);
    // Any other refusal of a watch may hide a version that no longer counts: list anew.
    if (trouble.status !== 0) this.#version = undefined;
    await this.#pause(signal, trouble.retryAfterMs);
  }

  #pause(signal: AbortSignal, atLeastMs = 0): Promise<void> {
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    return this.#clock.sleep(Math.max(this.#pauseMs, atLeastMs), signal);
  }

  #heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs();
  }

  #keep(key: string, object: T): void {
    const known = this.#objects.get(key);
    const news = compare(known, object);
    if (news === 'same') return;
    if (known && news === 'another') this.#options.onChange({ kind: 'gone', object: known });
    this.#objects.set(key, object);
    this.#options.onChange({ kind: 'present', object });
  }

  #forget(key: string, object: T): void {
    if (this.#objects.delete(key)) this.#options.onChange({ kind: 'gone', object });
  }
}

const keyOf = (object: KubernetesObject): string =>
  `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;

function expired(status: KubernetesObject): KubernetesError {
  const { code, reason, message } = status as { code?: number; reason?: string; message?: string };
  return new KubernetesError(code ?? 410, reason ?? 'Expired', message ?? 'the watch ended with an error');
}

/** A name may come back with another object behind it. */
function compare(
  known: KubernetesObject | undefined,
  object: KubernetesObject,
): 'same' | 'newer' | 'another' {
  const [before, after] = [known?.metadata, object.metadata];
  if (before?.uid !== after?.uid) return 'another';
  return before?.resourceVersion === after?.resourceVersion ? 'same' : 'newer';
}

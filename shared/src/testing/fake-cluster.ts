import type { KubernetesObject } from '@kubernetes/client-node';
import {
  type Cluster,
  type Deletion,
  KubernetesError,
  type Listing,
  type LogRequest,
  type Selection,
  type Target,
  type WatchEvent,
} from '../kubernetes/cluster.ts';
import { mergePatch, strategicMergePatch } from '../kubernetes/merge-patch.ts';
import { orAborted } from '../or-aborted.ts';

/** A recorded call. */
export interface FakeCall {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'replace' | 'patch' | 'remove' | 'log';
  readonly target: Target;
  /** The object, patch or delete options of the call. */
  readonly body?: unknown;
}

/**
 * How a test intercepts a call: does nothing, delays it (a promise), or refuses it (throws). `lost`: executes it and drops the response.
 */
export type Intercept = (call: FakeCall) => unknown;

interface Watcher {
  readonly wants: (object: KubernetesObject) => boolean;
  readonly place: string;
  readonly queue: WatchEvent<KubernetesObject>[];
  end: { error?: Error } | undefined;
  wake: () => void;
}

/** The API server's response for a missing resource. */
export const refusal = (status: number, reason: string, message = reason): KubernetesError =>
  new KubernetesError(status, reason, message);

/** No response arrived: it is unknown whether the call was executed. */
export const noAnswer = (): KubernetesError => new KubernetesError(0, 'NoAnswer', 'no answer');

/**
 * An in-memory API server behind the {@link Cluster} port: objects, versions, preconditions, label selectors, watches that continue
 * from a version. It validates only the size of annotations, and runs no controllers.
 */
export class FakeCluster implements Cluster {
  /** All calls so far, refused ones included. */
  readonly calls: FakeCall[] = [];
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #history: { version: number; place: string; event: WatchEvent<KubernetesObject> }[] = [];
  readonly #watchers = new Set<Watcher>();
  readonly #intercepts: Intercept[] = [];
  readonly #queued: { matches: (call: FakeCall) => boolean; error: Error }[] = [];
  #version = 100;
  #oldest = 100;
  #uids = 0;

  /** Intercepts every call, in the order of adding. */
  intercept(by: Intercept): void {
    this.#intercepts.push(by);
  }

  /** The next calls of this kind fail, one error each. */
  fail(verb: FakeCall['verb'], plural: string, ...errors: readonly Error[]): void {
    for (const error of errors)
      this.#queued.push({
        matches: (call) => call.verb === verb && call.target.resource.plural === plural,
        error,
      });
  }

  /** All calls of that kind so far. */
  count(verb: FakeCall['verb'], plural: string): number {
    return this.calls.filter((call) => call.verb === verb && call.target.resource.plural === plural).length;
  }

  /** The current object. */
  find<T extends KubernetesObject>(target: Target): T | undefined {
    return this.#objects.get(keyOf(target)) as T | undefined;
  }

  /** All objects of a location, unordered. */
  all<T extends KubernetesObject>(target: Target): readonly T[] {
    return [...this.#objects].filter(([key]) => key.startsWith(placeOf(target))).map(([, one]) => one as T);
  }

  /** Writes as another client; creates if absent. Returns the object with uid and version. */
  put<T extends KubernetesObject>(target: Target, object: T): T {
    const given = object.metadata ?? {};
    const full = { ...target, name: target.name ?? given.name ?? '' };
    const known = this.find(full)?.metadata?.uid;
    const uid = known ?? given.uid ?? this.#nextUid();
    const metadata = { ...given, ...(target.namespace ? { namespace: target.namespace } : {}) };
    const whole: T = { ...object, metadata: { ...metadata, name: full.name, uid } };
    return this.#store(full, whole, known === undefined ? 'ADDED' : 'MODIFIED');
  }

  /** Deletes as another client. */
  drop(target: Target): void {
    const known = this.#objects.get(keyOf(target));
    if (!known) return;
    this.#objects.delete(keyOf(target));
    this.#record(target, this.#stamped(known), 'DELETED');
  }

  /** Ends all open watches: as a server time-out does, or with an error. */
  cut(error?: Error): void {
    for (const watcher of this.#watchers) end(watcher, error ? { error } : {});
  }

  /** Sends a bookmark to all open watches. */
  bookmark(): void {
    const object = { metadata: { resourceVersion: String(this.#version) } };
    for (const watcher of this.#watchers) push(watcher, { type: 'BOOKMARK', object });
  }

  /** Sends an event to all open watches, whatever is stored: an older one again, as a cache in between may. */
  send(event: WatchEvent<KubernetesObject>): void {
    for (const watcher of this.#watchers) push(watcher, event);
  }

  /** Discards the event history: a watch from an older version gets 410 as an event. */
  compact(): void {
    this.#history.length = 0;
    this.#oldest = this.#version;
  }

  /** Number of open watches. */
  get watches(): number {
    return this.#watchers.size;
  }

  async get<T extends KubernetesObject>(target: Target, signal: AbortSignal): Promise<T> {
    return this.#answer({ verb: 'get', target }, signal, () => this.#known<T>(target));
  }

  async list<T extends KubernetesObject>(
    target: Target,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<Listing<T>> {
    return this.#answer({ verb: 'list', target, body: selection }, signal, () => ({
      items: this.all<T>(target).filter(selects(selection)),
      resourceVersion: String(this.#version),
    }));
  }

  async *pages<T extends KubernetesObject>(
    target: Target,
    selection: Selection,
    signal: AbortSignal,
  ): AsyncIterable<Listing<T>> {
    yield await this.list<T>(target, selection, signal);
  }

  async *watch<T extends KubernetesObject>(
    target: Target,
    options: Selection & { resourceVersion: string; silenceMs: number },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>> {
    const watcher = await this.#answer({ verb: 'watch', target, body: options }, signal, () =>
      this.#open(target, options),
    );
    const giveUp = (): void => end(watcher, { error: signal.reason as Error });
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      for (;;) {
        const event = watcher.queue.shift();
        if (event) yield event as WatchEvent<T>;
        else if (watcher.end?.error) throw watcher.end.error;
        else if (watcher.end) return;
        else await new Promise<void>((resolve) => Object.assign(watcher, { wake: resolve }));
      }
    } finally {
      signal.removeEventListener('abort', giveUp);
      this.#watchers.delete(watcher);
    }
  }

  async create<T extends KubernetesObject>(target: Target, object: T, signal: AbortSignal): Promise<T> {
    return this.#answer({ verb: 'create', target, body: object }, signal, () => {
      const name = object.metadata?.name ?? '';
      if (this.#objects.has(keyOf({ ...target, name })))
        throw refusal(409, 'AlreadyExists', `${target.resource.plural} "${name}" already exists`);
      return this.put({ ...target, name }, asSent(object));
    });
  }

  async replace<T extends KubernetesObject>(target: Target, object: T, signal: AbortSignal): Promise<T> {
    return this.#answer({ verb: 'replace', target, body: object }, signal, () => {
      agree(this.#known(target), object.metadata ?? {});
      return this.#store(target, asSent(object), 'MODIFIED');
    });
  }

  async patch<T extends KubernetesObject>(
    target: Target,
    patch: Readonly<Record<string, unknown>>,
    how: 'merge' | 'strategic',
    signal: AbortSignal,
  ): Promise<T> {
    return this.#answer({ verb: 'patch', target, body: patch }, signal, () => {
      const known = this.#known(target);
      agree(known, patch['metadata'] ?? {});
      const apply = how === 'strategic' ? strategicMergePatch : mergePatch;
      return this.#store(target, apply({ ...known }, asSent(patch)) as T, 'MODIFIED');
    });
  }

  async remove(target: Target, deletion: Deletion, signal: AbortSignal): Promise<'removed' | 'absent'> {
    return this.#answer({ verb: 'remove', target, body: deletion }, signal, () => {
      const known = this.#objects.get(keyOf(target));
      if (!known || !agrees(known, deletion)) return 'absent';
      this.drop(target);
      return 'removed';
    });
  }

  log(request: LogRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const target = { resource: { base: '/api/v1', plural: 'pods' }, name: request.pod };
    return this.#answer({ verb: 'log', target, body: request }, signal, () => {
      throw refusal(404, 'NotFound', 'no logs here');
    });
  }

  async #answer<T>(call: FakeCall, signal: AbortSignal, act: () => T): Promise<T> {
    this.calls.push(call);
    signal.throwIfAborted();
    for (const intercept of this.#intercepts) {
      const word = await orAborted(Promise.resolve(intercept(call)), signal);
      if (word === 'lost') {
        act();
        throw noAnswer();
      }
    }
    const place = this.#queued.findIndex((one) => one.matches(call));
    const [failure] = place < 0 ? [] : this.#queued.splice(place, 1);
    if (failure) throw failure.error;
    return act();
  }

  #open(target: Target, options: Selection & { resourceVersion: string }): Watcher {
    const from = Number(options.resourceVersion);
    const wants = selects(options);
    const queue: WatchEvent<KubernetesObject>[] = [];
    const place = placeOf(target);
    const watcher: Watcher = { wants, place, queue, end: undefined, wake: () => undefined };
    // Without a version a watch starts with the existing objects.
    const here = [...this.#objects].filter(([key]) => from === 0 && key.startsWith(place));
    for (const [, object] of here) if (wants(object)) queue.push({ type: 'ADDED', object });
    if (from > 0 && from < this.#oldest) {
      queue.push({ type: 'ERROR', object: { code: 410, reason: 'Expired' } as KubernetesObject });
      end(watcher, {});
    }
    for (const one of this.#history)
      if (from > 0 && one.version > from && one.place.startsWith(place) && wants(one.event.object))
        queue.push(one.event);
    this.#watchers.add(watcher);
    return watcher;
  }

  #known<T extends KubernetesObject>(target: Target): T {
    const known = this.find<T>(target);
    if (known) return known;
    throw refusal(404, 'NotFound', `${target.resource.plural} "${target.name ?? ''}" not found`);
  }

  #store<T extends KubernetesObject>(target: Target, object: T, type: 'ADDED' | 'MODIFIED'): T {
    checkAnnotations(object);
    const stored = this.#stamped(object);
    this.#objects.set(keyOf(target), stored);
    this.#record(target, stored, type);
    return stored;
  }

  #stamped<T extends KubernetesObject>(object: T): T {
    this.#version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
  }

  #record(target: Target, object: KubernetesObject, type: 'ADDED' | 'MODIFIED' | 'DELETED'): void {
    const place = keyOf(target);
    this.#history.push({ version: this.#version, place, event: { type, object } });
    for (const watcher of this.#watchers)
      if (place.startsWith(watcher.place) && watcher.wants(object)) push(watcher, { type, object });
  }

  #nextUid(): string {
    this.#uids += 1;
    return `uid-${this.#uids}`;
  }
}

const placeOf = ({ resource, namespace }: Target): string =>
  `${resource.base}/${resource.plural}/${namespace ? `${namespace}/` : ''}`;
const keyOf = (target: Target): string => `${placeOf(target)}${target.name ?? ''}`;

/** Equality only: `a=b,c=d`. */
function selects({ labelSelector = '' }: Selection): (object: KubernetesObject) => boolean {
  const wanted = labelSelector.split(',').flatMap((one) => (one === '' ? [] : [one.split('=')]));
  return (object) => wanted.every(([key = '', value]) => object.metadata?.labels?.[key] === value);
}

const agrees = ({ metadata }: KubernetesObject, { uid, resourceVersion }: Deletion): boolean =>
  (uid ?? metadata?.uid) === metadata?.uid &&
  (resourceVersion ?? metadata?.resourceVersion) === metadata?.resourceVersion;

function agree(object: KubernetesObject, preconditions: Deletion): void {
  if (!agrees(object, preconditions)) throw refusal(409, 'Conflict', 'the object has been modified');
}

function push(watcher: Watcher, event: WatchEvent<KubernetesObject>): void {
  if (watcher.end) return;
  watcher.queue.push(event);
  watcher.wake();
}

function end(watcher: Watcher, how: { error?: Error }): void {
  watcher.end ??= how;
  watcher.wake();
}

/** The API server's limit for all annotations of an object, keys and values, in bytes of UTF-8. */
export const ANNOTATION_LIMIT_BYTES = 256 * 1024;

/** Size of all annotations of an object, as the API server counts it. */
export const annotationBytes = ({ metadata }: KubernetesObject): number =>
  Object.entries(metadata?.annotations ?? {}).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );

function checkAnnotations(object: KubernetesObject): void {
  if (annotationBytes(object) > ANNOTATION_LIMIT_BYTES)
    throw refusal(
      422,
      'Invalid',
      `metadata.annotations: Too long: may not be more than ${ANNOTATION_LIMIT_BYTES} bytes`,
    );
}

/** Converts to the form on the wire: times are texts. */
const asSent = <T>(body: T): T => JSON.parse(JSON.stringify(body)) as T;

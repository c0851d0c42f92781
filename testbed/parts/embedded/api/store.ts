import type { KubeObject } from './objects.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One write, as watchers see it. `previous` is what stood there before, for selectors that an object leaves. */
export interface StoreChange {
  readonly type: ChangeType;
  readonly resource: string;
  readonly revision: number;
  readonly object: KubeObject;
  readonly previous?: KubeObject;
}

export type ChangeListener = (change: StoreChange) => void;

const FIRST_REVISION = 100;
/** Changes that a watch can still be resumed from. */
const HISTORY_LIMIT = 20_000;

/**
 * All objects in memory with one revision counter and a bounded history, as etcd and the watch cache keep them.
 * Stored objects are never changed in place: readers may hold on to them.
 */
export class ObjectStore {
  private readonly objects = new Map<string, Map<string, KubeObject>>();
  private readonly listeners = new Set<ChangeListener>();
  private history: StoreChange[] = [];
  private undelivered: StoreChange[] = [];
  private delivering = false;
  private lastRevision = FIRST_REVISION;
  private forgottenUpTo = FIRST_REVISION;

  get revision(): number {
    return this.lastRevision;
  }

  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.objects.get(resource)?.get(`${namespace}/${name}`);
  }

  /** In the order of etcd's keys; all namespaces when none is given. */
  list(resource: string, namespace = ''): KubeObject[] {
    const all = [...(this.objects.get(resource) ?? new Map<string, KubeObject>())];
    const wanted = namespace === '' ? all : all.filter(([key]) => key.startsWith(`${namespace}/`));
    return wanted.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Stores under the next revision and returns the stamped object. */
  put(resource: string, object: KubeObject): KubeObject {
    const byKey = this.objects.get(resource) ?? new Map<string, KubeObject>();
    this.objects.set(resource, byKey);
    const key = keyOf(object);
    const previous = byKey.get(key);
    const stored = this.stamp(object);
    byKey.set(key, stored);
    this.record(resource, previous === undefined ? 'ADDED' : 'MODIFIED', stored, previous);
    return stored;
  }

  /** Removes; the last event of the object has the revision of the removal. */
  remove(resource: string, object: KubeObject): KubeObject {
    const previous = this.objects.get(resource)?.get(keyOf(object));
    if (previous === undefined) return object;
    this.objects.get(resource)?.delete(keyOf(object));
    const last = this.stamp(previous);
    this.record(resource, 'DELETED', last, previous);
    return last;
  }

  /** Changes of one resource after a revision, or `expired` when they are forgotten. */
  changesAfter(resource: string, revision: number): StoreChange[] | 'expired' {
    if (revision < this.forgottenUpTo) return 'expired';
    return this.history.filter((change) => change.revision > revision && change.resource === resource);
  }

  /** Oldest revision from which a watch can still go on. */
  get oldestRevision(): number {
    return this.forgottenUpTo;
  }

  /** Drops all history, as etcd's compaction does: watches from before get 410. */
  compact(): void {
    this.history = [];
    this.lastRevision += 1;
    this.forgottenUpTo = this.lastRevision;
  }

  /** Receives every change in order; one that a listener causes is delivered after the current one. */
  subscribe(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private stamp(object: KubeObject): KubeObject {
    this.lastRevision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.lastRevision) } };
  }

  private record(resource: string, type: ChangeType, object: KubeObject, previous?: KubeObject): void {
    const revision = this.lastRevision;
    const change = { type, resource, revision, object, ...(previous === undefined ? {} : { previous }) };
    this.undelivered.push(change);
    this.history.push(change);
    if (this.history.length > HISTORY_LIMIT) {
      const dropped = this.history.splice(0, HISTORY_LIMIT / 10);
      this.forgottenUpTo = dropped.at(-1)?.revision ?? this.forgottenUpTo;
    }
    this.deliver();
  }

  private deliver(): void {
    if (this.delivering) return;
    this.delivering = true;
    try {
      for (let next = this.undelivered.shift(); next !== undefined; next = this.undelivered.shift()) {
        for (const listener of [...this.listeners]) listener(next);
      }
    } finally {
      this.delivering = false;
    }
  }
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

import type { Clock } from '@hangar/shared/clock';
import type { ObjectApi } from '../api/object-api.ts';
import type { KubeObject } from '../api/objects.ts';
import { qualifiedName, type Resource } from '../api/resources.ts';
import { ApiError } from '../api/status-errors.ts';

/** Deletes what a vanished owner leaves (ownerReferences), and all that a namespace holds when it is deleted. */
export class GarbageCollector {
  private readonly clock: Clock;
  private readonly api: ObjectApi;
  private readonly resources: readonly Resource[];
  private readonly delayMs: number;
  private readonly endings: (() => void)[] = [];
  private planned = false;
  private stopped = false;

  constructor(clock: Clock, api: ObjectApi, options: { resources: readonly Resource[]; delayMs: number }) {
    this.clock = clock;
    this.api = api;
    this.resources = options.resources;
    this.delayMs = options.delayMs;
    this.endings.push(
      api.store.subscribe((change) => {
        const owned = (change.object.metadata.ownerReferences ?? []).length > 0;
        const ending = change.type === 'DELETED' || change.resource === 'namespaces';
        if (owned || ending) this.plan();
      }),
    );
  }

  stop(): void {
    this.stopped = true;
    for (const ending of this.endings) ending();
  }

  private plan(): void {
    if (this.planned) return;
    this.planned = true;
    this.clock.after(this.delayMs, () => {
      this.planned = false;
      if (!this.stopped) this.collect();
    });
  }

  private collect(): void {
    const all = this.resources.flatMap((resource) =>
      this.api.store.list(qualifiedName(resource)).map((object) => ({ resource, object })),
    );
    const uids = new Set(all.map(({ object }) => object.metadata.uid));
    const ending = all.filter(({ object }) => object.kind === 'Namespace' && isMarked(object));
    const doomedNamespaces = new Set(ending.map(({ object }) => object.metadata.name));
    for (const { resource, object } of all) {
      const homeless = doomedNamespaces.has(object.metadata.namespace ?? '');
      if (!isMarked(object) && (homeless || isOrphan(object, uids))) this.delete(resource, object);
    }
    for (const { object } of ending) this.finishNamespace(object);
  }

  private delete(resource: Resource, object: KubeObject): void {
    const { namespace = '', name, uid } = object.metadata;
    try {
      this.api.delete({ resource, namespace, name }, { preconditions: { uid } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** A namespace goes when nothing is left in it. */
  private finishNamespace(namespace: KubeObject): void {
    const { name } = namespace.metadata;
    const left = this.resources.some(
      (resource) => resource.namespaced && this.api.store.list(qualifiedName(resource), name).length > 0,
    );
    if (!left) this.api.store.remove('namespaces', namespace);
  }
}

function isMarked(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** All its owners are gone; an object with one that lives stays. */
function isOrphan(object: KubeObject, uids: ReadonlySet<string>): boolean {
  const owners = object.metadata.ownerReferences ?? [];
  return owners.length > 0 && owners.every(({ uid }) => !uids.has(uid));
}

import type { Clock } from '@hangar/shared/clock';
import { keyOf, type ObjectApi } from '../api/object-api.ts';
import type { KubeObject } from '../api/objects.ts';
import { DEFAULT_RESOURCES, qualifiedName } from '../api/resources.ts';
import { unlessRefused } from '../api/status-errors.ts';

/** How quickly it acts. */
const DELAY_MS = 10;

/** Deletes what a vanished owner leaves (ownerReferences), and all that a namespace holds when it is deleted. */
export class GarbageCollector {
  private readonly clock: Clock;
  private readonly api: ObjectApi;
  private readonly unsubscribe: () => void;
  private planned = false;
  private stopped = false;

  constructor(clock: Clock, api: ObjectApi) {
    this.clock = clock;
    this.api = api;
    this.unsubscribe = api.store.subscribe((change) => {
      const owned = (change.object.metadata.ownerReferences ?? []).length > 0;
      const ending = change.type === 'DELETED' || change.resource === 'namespaces';
      if (owned || ending) this.plan();
    });
  }

  stop(): void {
    this.stopped = true;
    this.unsubscribe();
  }

  private plan(): void {
    if (this.planned) return;
    this.planned = true;
    this.clock.after(DELAY_MS, () => {
      this.planned = false;
      if (!this.stopped) this.collect();
    });
  }

  private collect(): void {
    const all = DEFAULT_RESOURCES.flatMap((resource) =>
      this.api.store.list(qualifiedName(resource)).map((object) => ({ resource, object })),
    );
    const uids = new Set(all.map(({ object }) => object.metadata.uid));
    const ending = all.filter(({ object }) => object.kind === 'Namespace' && isMarked(object));
    const doomedNamespaces = new Set(ending.map(({ object }) => object.metadata.name));
    for (const { resource, object } of all) {
      const homeless = doomedNamespaces.has(object.metadata.namespace ?? '');
      if (isMarked(object) || !(homeless || isOrphan(object, uids))) continue;
      const preconditions = { uid: object.metadata.uid };
      unlessRefused(() => this.api.delete(keyOf(resource, object), { preconditions }));
    }
    for (const { object } of ending) this.finishNamespace(object);
  }

  /** A namespace is removed when it is empty. */
  private finishNamespace(namespace: KubeObject): void {
    const { name } = namespace.metadata;
    const left = DEFAULT_RESOURCES.some(
      (resource) => resource.namespaced && this.api.store.list(qualifiedName(resource), name).length > 0,
    );
    if (!left) this.api.store.remove('namespaces', namespace);
  }
}

function isMarked(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** All its owners are gone; an object with an existing owner stays. */
function isOrphan(object: KubeObject, uids: ReadonlySet<string>): boolean {
  const owners = object.metadata.ownerReferences ?? [];
  return owners.length > 0 && owners.every(({ uid }) => !uids.has(uid));
}

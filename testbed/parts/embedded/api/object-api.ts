import { randomInt, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@hangar/shared/clock';
import { assertWithinQuota } from '../admit/quota.ts';
import { faultsOfChange, faultsOfNew, hasStatus, prepareNew, takeStringData } from '../admit/strategy.ts';
import { assertDecodable } from '../validate/decode.ts';
import { type DeleteOptions, deletionOf } from './deletion.ts';
import { invalidValue } from './field-errors.ts';
import type { KubeObject, ObjectMeta } from './objects.ts';
import { apiVersionOf, NAMESPACES, qualifiedName, type Resource } from './resources.ts';
import {
  ApiError,
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  MODIFIED,
  notFound,
  tooLargeForEtcd,
} from './status-errors.ts';
import type { Store } from './store.ts';
import { secondsText } from './times.ts';

/** etcd's limit on one request, 1.5 MiB, which the API server passes on. */
const LARGEST_OBJECT_BYTES = 1.5 * 1024 * 1024;
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Where an object is: its kind, namespace ('' for cluster-wide kinds) and name. */
export interface ObjectKey {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

export type Part = 'object' | 'status';

export interface WriteOptions {
  readonly dryRun?: boolean;
  /** A patch is refused in other words than a whole new state. */
  readonly how?: 'patch' | 'put';
}

/** The verbs on objects: defaults, validation, admission, conflicts. Used by HTTP and by the controllers alike. */
export class ObjectApi {
  readonly store: Store;
  private readonly clock: Clock;

  constructor(clock: Clock, store: Store) {
    this.clock = clock;
    this.store = store;
  }

  get({ resource, namespace, name }: ObjectKey): KubeObject {
    const found = this.store.get(qualifiedName(resource), namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  /** @throws {ApiError} 400, 403, 404 (namespace), 409, 422, 500 (too large) */
  create(resource: Resource, namespace: string, body: unknown, options: WriteOptions = {}): KubeObject {
    assertDecodable(resource, body);
    const object = this.newObject(resource, namespace, structuredClone(body));
    this.assertNamespace(resource, object);
    prepareNew({ clock: this.clock, store: this.store, randomSuffix }, resource, object);
    const faults = faultsOfNew(resource, object);
    if (faults.length > 0) throw invalid(resource, object.metadata.name, faults);
    const key = qualifiedName(resource);
    if (this.store.get(key, namespace, object.metadata.name) !== undefined) {
      throw alreadyExists(resource, object.metadata.name);
    }
    assertWithinQuota(this.store, resource, object);
    assertSize(object);
    return options.dryRun === true ? object : this.store.put(key, object);
  }

  /**
   * Changes an object; `change` gets a copy and returns the wanted state. Writing what stands there already
   * changes nothing, not even the revision.
   *
   * @throws {ApiError} 404, 409, 422, 500
   */
  update(
    key: ObjectKey,
    part: Part,
    change: (current: KubeObject) => KubeObject,
    options: WriteOptions = {},
  ): KubeObject {
    const current = this.get(key);
    const wanted = change(structuredClone(current));
    if (options.how === 'patch') assertPatchable(key, current, wanted);
    else assertDecodable(key.resource, wanted);
    assertSameIdentity(key, current, wanted);
    const next = this.nextState(key, part, current, wanted);
    if (part === 'object') {
      const faults = faultsOfChange(key.resource, current, next);
      if (faults.length > 0) throw invalid(key.resource, key.name, faults);
    }
    if (isDeepStrictEqual(next, current)) return current;
    assertSize(next);
    if (options.dryRun === true) return next;
    return this.isReleased(next)
      ? this.store.remove(qualifiedName(key.resource), next)
      : this.store.put(qualifiedName(key.resource), next);
  }

  /** Deletes at once, or marks for graceful deletion; tells which. @throws {ApiError} 404, 409 */
  delete(key: ObjectKey, options: DeleteOptions = {}): { object: KubeObject; gone: boolean } {
    const current = this.get(key);
    const decision = deletionOf(key.resource, current, options, this.clock.now());
    if (options.dryRun === true) return { object: current, gone: decision.is === 'remove' };
    switch (decision.is) {
      case 'remove':
        return { object: this.store.remove(qualifiedName(key.resource), current), gone: true };
      case 'mark':
        return { object: this.store.put(qualifiedName(key.resource), decision.object), gone: false };
      case 'pending':
        return { object: current, gone: false };
    }
  }

  private newObject(resource: Resource, namespace: string, body: Record<string, unknown>): KubeObject {
    const given = (body['metadata'] ?? {}) as Partial<ObjectMeta>;
    if ((given.resourceVersion ?? '') !== '') {
      throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created');
    }
    if (resource.namespaced && (given.namespace ?? namespace) !== namespace) throw wrongNamespace();
    const { deletionTimestamp: _d, deletionGracePeriodSeconds: _g, ...kept } = given;
    const metadata: ObjectMeta = {
      ...kept,
      name: nameOf(given),
      ...(resource.namespaced ? { namespace } : {}),
      uid: randomUUID(),
      resourceVersion: '',
      creationTimestamp: secondsText(this.clock.now()),
    };
    return { ...body, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
  }

  private assertNamespace(resource: Resource, object: KubeObject): void {
    if (!resource.namespaced) return;
    const name = object.metadata.namespace ?? '';
    const namespace = this.store.get(qualifiedName(NAMESPACES), '', name);
    if (namespace === undefined) throw notFound(NAMESPACES, name);
    if (namespace.metadata.deletionTimestamp === undefined) return;
    throw forbidden(
      resource,
      object.metadata.name,
      `unable to create new content in namespace ${name} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${name} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    );
  }

  /** Server-owned fields stay as they are; the part that was not addressed too. */
  private nextState(key: ObjectKey, part: Part, current: KubeObject, wanted: KubeObject): KubeObject {
    const { metadata: was } = current;
    const metadata: ObjectMeta = {
      ...wanted.metadata,
      uid: was.uid,
      creationTimestamp: was.creationTimestamp,
      resourceVersion: was.resourceVersion,
    };
    for (const field of ['generation', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
      if (was[field] === undefined) delete metadata[field];
      else Object.assign(metadata, { [field]: was[field] });
    }
    const next: KubeObject = { ...wanted, apiVersion: current.apiVersion, kind: current.kind, metadata };
    if (key.resource.plural === 'secrets') takeStringData(next);
    if (!hasStatus(key.resource)) return next;
    const keep = part === 'object' ? 'status' : 'spec';
    if (current[keep] === undefined) delete next[keep];
    else next[keep] = current[keep];
    const changed = part === 'object' && !isDeepStrictEqual(next['spec'], current['spec']);
    if (changed && metadata.generation !== undefined) metadata.generation += 1;
    return next;
  }

  /** Marked for deletion with no grace left, and the last finalizer has just gone. */
  private isReleased({ metadata }: KubeObject): boolean {
    return (
      metadata.deletionTimestamp !== undefined &&
      (metadata.finalizers ?? []).length === 0 &&
      (metadata.deletionGracePeriodSeconds ?? 0) === 0
    );
  }
}

/** The given name, or one generated on the given base; empty when there is neither. */
function nameOf({ name = '', generateName = '' }: Partial<ObjectMeta>): string {
  return name === '' && generateName !== '' ? `${generateName.slice(0, 58)}${randomSuffix()}` : name;
}

/** Name and namespace may be left out of a body, but never differ; uid and revision are preconditions. */
function assertSameIdentity(key: ObjectKey, current: KubeObject, wanted: KubeObject): void {
  const { resource, name, namespace } = key;
  const given = (wanted.metadata ?? {}) as Partial<ObjectMeta>;
  if ((given.name ?? '') !== '' && given.name !== name) {
    throw badRequest(`the name of the object (${given.name}) does not match the name on the URL (${name})`);
  }
  if (resource.namespaced && (given.namespace ?? namespace) !== namespace) throw wrongNamespace();
  assertUnchanged(key, current, given);
  wanted.metadata = { ...wanted.metadata, name, ...(resource.namespaced ? { namespace } : {}) };
}

/** What a patch would make must be readable, and keeps its uid. @throws {ApiError} 422 */
function assertPatchable({ resource, name }: ObjectKey, current: KubeObject, wanted: KubeObject): void {
  try {
    assertDecodable(resource, wanted);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const why = error.message.replace(/^\w+ in version "\S+" cannot be handled as a \w+: /, '');
    const fault = invalidValue('patch', JSON.stringify(wanted), why);
    throw invalid({ ...resource, group: '', kind: '' }, '', [fault]);
  }
  const { uid } = wanted.metadata;
  if (uid === '' || uid === current.metadata.uid) return;
  throw invalid(resource, name, [invalidValue('metadata.uid', uid, 'field is immutable')]);
}

function assertUnchanged(
  { resource, name }: ObjectKey,
  { metadata }: KubeObject,
  given: Partial<ObjectMeta>,
): void {
  const { uid = '', resourceVersion = '' } = given;
  if (uid !== '' && uid !== metadata.uid) {
    const because = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
    throw conflict(resource, name, because);
  }
  if (resourceVersion !== '' && resourceVersion !== metadata.resourceVersion)
    throw conflict(resource, name, MODIFIED);
}

function wrongNamespace(): ApiError {
  return badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

function assertSize(object: KubeObject): void {
  if (Buffer.byteLength(JSON.stringify(object)) > LARGEST_OBJECT_BYTES) throw tooLargeForEtcd();
}

/** Five letters as the API server appends to `generateName`. */
export function randomSuffix(): string {
  return Array.from({ length: 5 }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)] ?? 'x').join('');
}

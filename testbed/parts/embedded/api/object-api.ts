import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@hangar/shared/clock';
import { assertWithinQuota } from '../admit/quota.ts';
import {
  assertValidChange,
  assertValidNew,
  hasStatus,
  prepareNew,
  takeStringData,
} from '../admit/strategy.ts';
import { assertDecodable } from '../validate/decode.ts';
import { invalidValue } from '../validate/field-errors.ts';
import { type DeleteOptions, decideDelete } from './deletion.ts';
import { type KubeObject, type ObjectMeta, randomSuffix } from './objects.ts';
import { type Pod, type PodStatus, podOf } from './pod.ts';
import { type ApiResource, apiVersionOf, NAMESPACES, PODS, qualifiedName } from './resources.ts';
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
import type { ObjectStore } from './store.ts';
import { rfc3339Seconds } from './times.ts';

/** etcd's limit on one request, 1.5 MiB, which the API server passes on. */
const LARGEST_OBJECT_BYTES = 1.5 * 1024 * 1024;

/** Where an object is: its kind, namespace ('' for cluster-wide kinds) and name. */
export interface ObjectKey {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
}

export function keyOf(resource: ApiResource, { metadata }: KubeObject): ObjectKey {
  return { resource, namespace: metadata.namespace ?? '', name: metadata.name };
}

export type ObjectPart = 'object' | 'status';

export interface WriteOptions {
  readonly dryRun?: boolean;
  /** The error of a patch differs from that of a whole new state. */
  readonly how?: 'patch' | 'put';
}

/** The verbs on objects: defaults, validation, admission, conflicts. Used by HTTP and by the controllers alike. */
export class ObjectApi {
  readonly store: ObjectStore;
  private readonly clock: Clock;

  constructor(clock: Clock, store: ObjectStore) {
    this.clock = clock;
    this.store = store;
  }

  get({ resource, namespace, name }: ObjectKey): KubeObject {
    const found = this.store.get(qualifiedName(resource), namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  /** All Pods of all namespaces. */
  pods(): Pod[] {
    return this.store.list(PODS.plural).map(podOf);
  }

  /** @throws {ApiError} 400, 403, 404 (namespace), 409, 422, 500 (too large) */
  create(resource: ApiResource, namespace: string, body: unknown, options: WriteOptions = {}): KubeObject {
    assertDecodable(resource, body);
    const object = this.newObject(resource, namespace, structuredClone(body));
    this.assertNamespace(resource, object);
    prepareNew(this.clock, this.store, resource, object);
    assertValidNew(resource, object);
    const key = qualifiedName(resource);
    if (this.store.get(key, namespace, object.metadata.name) !== undefined) {
      throw alreadyExists(resource, object.metadata.name);
    }
    assertWithinQuota(this.store, resource, object);
    assertSize(object);
    return options.dryRun === true ? object : this.store.put(key, object);
  }

  /**
   * Changes an object; `change` gets a copy and returns the desired state. Writing the current state
   * changes nothing, not even the revision.
   *
   * @throws {ApiError} 404, 409, 422, 500
   */
  update(
    key: ObjectKey,
    part: ObjectPart,
    change: (current: KubeObject) => KubeObject,
    options: WriteOptions = {},
  ): KubeObject {
    const current = this.get(key);
    const wanted = change(structuredClone(current));
    if (options.how === 'patch') assertPatchable(key, current, wanted);
    else assertDecodable(key.resource, wanted);
    assertSameIdentity(key, current, wanted);
    const next = nextState(key, part, current, wanted);
    if (part === 'object') assertValidChange(key.resource, current, next);
    if (isDeepStrictEqual(next, current)) return current;
    assertSize(next);
    if (options.dryRun === true) return next;
    return isReleased(next)
      ? this.store.remove(qualifiedName(key.resource), next)
      : this.store.put(qualifiedName(key.resource), next);
  }

  /** Changes the status of this very Pod, not of a later one of its name. @throws {ApiError} 404 */
  updatePodStatus(pod: Pod, change: (status: PodStatus) => PodStatus): void {
    this.update(keyOf(PODS, pod), 'status', (current) =>
      current.metadata.uid === pod.metadata.uid
        ? { ...current, status: change(podOf(current).status) }
        : current,
    );
  }

  /** Deletes at once, or marks for graceful deletion; returns which. @throws {ApiError} 404, 409 */
  delete(key: ObjectKey, options: DeleteOptions = {}): { object: KubeObject; gone: boolean } {
    const current = this.get(key);
    const decision = decideDelete(key.resource, current, options, this.clock.now());
    const gone = decision.kind === 'remove';
    if (options.dryRun === true || decision.kind === 'pending') return { object: current, gone };
    const resource = qualifiedName(key.resource);
    const object = gone ? this.store.remove(resource, current) : this.store.put(resource, decision.object);
    return { object, gone };
  }

  private newObject(resource: ApiResource, namespace: string, body: Record<string, unknown>): KubeObject {
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
      creationTimestamp: rfc3339Seconds(this.clock.now()),
    };
    return { ...body, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
  }

  private assertNamespace(resource: ApiResource, object: KubeObject): void {
    if (!resource.namespaced) return;
    const name = object.metadata.namespace ?? '';
    const namespace = this.get({ resource: NAMESPACES, namespace: '', name });
    if (namespace.metadata.deletionTimestamp === undefined) return;
    const because = `unable to create new content in namespace ${name} because it is being terminated`;
    const message = `namespace ${name} is being terminated`;
    throw forbidden(resource, object.metadata.name, because, [
      { reason: 'NamespaceTerminating', message, field: 'metadata.namespace' },
    ]);
  }
}

/** Server-owned fields stay as they are; the part that was not addressed too. */
function nextState(key: ObjectKey, part: ObjectPart, current: KubeObject, wanted: KubeObject): KubeObject {
  const { uid, creationTimestamp, resourceVersion } = current.metadata;
  const metadata: ObjectMeta = { ...wanted.metadata, uid, creationTimestamp, resourceVersion };
  for (const field of ['generation', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    keepField(metadata, current.metadata, field);
  }
  const next: KubeObject = { ...wanted, apiVersion: current.apiVersion, kind: current.kind, metadata };
  if (key.resource.plural === 'secrets') takeStringData(next);
  if (!hasStatus(key.resource)) return next;
  keepField(next, current, part === 'object' ? 'status' : 'spec');
  const changed = part === 'object' && !isDeepStrictEqual(next['spec'], current['spec']);
  if (changed && metadata.generation !== undefined) metadata.generation += 1;
  return next;
}

/** Sets a field back to what it was, also to not being there. Changes `next`. */
function keepField<T extends object>(next: T, before: T, field: keyof T): void {
  if (before[field] === undefined) delete next[field];
  else next[field] = before[field];
}

/** Marked for deletion with no grace left, and the last finalizer has just gone. */
function isReleased({ metadata }: KubeObject): boolean {
  return (
    metadata.deletionTimestamp !== undefined &&
    (metadata.finalizers ?? []).length === 0 &&
    (metadata.deletionGracePeriodSeconds ?? 0) === 0
  );
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
    const unreadable = invalidValue('patch', JSON.stringify(wanted), why);
    throw invalid({ ...resource, group: '', kind: '' }, '', [unreadable]);
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

import type { Clock } from '@hangar/shared/clock';
import { recordOf } from '@hangar/shared/json';
import type { KubeObject } from '../api/objects.ts';
import { podOf } from '../api/pod.ts';
import type { ApiResource } from '../api/resources.ts';
import { invalid } from '../api/status-errors.ts';
import type { ObjectStore } from '../api/store.ts';
import { rfc3339Seconds } from '../api/times.ts';
import {
  validateConfigMap,
  validateDataUpdate,
  validateLease,
  validateSecret,
} from '../validate/data-objects.ts';
import { FieldErrors } from '../validate/field-errors.ts';
import { validateMetadata } from '../validate/metadata.ts';
import { validatePod } from '../validate/pod.ts';
import { validatePodUpdate } from '../validate/pod-update.ts';
import { admitPriority, admitServiceAccount, defaultPod, qosClassOf } from './pod.ts';

/** Kinds whose spec counts generations and whose status is written apart. */
export function hasStatus(resource: ApiResource): boolean {
  return ['pods', 'nodes', 'namespaces', 'resourcequotas', 'deployments'].includes(resource.plural);
}

/** Fills in defaults of a new object and clears what a client may not set. Changes `object`. */
export function prepareNew(
  clock: Clock,
  store: ObjectStore,
  resource: ApiResource,
  object: KubeObject,
): void {
  switch (resource.plural) {
    case 'pods':
      return preparePod(clock, store, object);
    case 'secrets':
      object['type'] ??= 'Opaque';
      return takeStringData(object);
    case 'namespaces':
      object['spec'] = { finalizers: ['kubernetes'] };
      object['status'] = { phase: 'Active' };
      object.metadata.labels = {
        'kubernetes.io/metadata.name': object.metadata.name,
        ...object.metadata.labels,
      };
      return;
    default:
  }
}

/** `stringData` is write-only: it becomes `data`. Changes `object`. */
export function takeStringData(object: KubeObject): void {
  const texts = Object.entries(recordOf(object['stringData']));
  delete object['stringData'];
  if (texts.length === 0) return;
  const encoded = texts.map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  object['data'] = { ...recordOf(object['data']), ...Object.fromEntries(encoded) };
}

function preparePod(clock: Clock, store: ObjectStore, object: KubeObject): void {
  defaultPod(object);
  const pod = podOf(object);
  admitPriority(store, pod);
  admitServiceAccount(store, pod);
  pod.metadata.generation = 1;
  pod.status = { phase: 'Pending', qosClass: qosClassOf(pod) };
  if ((pod.spec.schedulingGates ?? []).length === 0) return;
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: rfc3339Seconds(clock.now()),
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
  pod.status.conditions = [condition];
}

/** @throws {ApiError} 422 when a new object is not valid */
export function assertValidNew(resource: ApiResource, object: KubeObject): void {
  const errors = new FieldErrors();
  validateMetadata(errors, resource, object);
  if (resource.plural === 'pods') validatePod(errors, podOf(object));
  else validateData(errors, resource, object);
  assertNone(errors, resource, object);
}

/** @throws {ApiError} 422 when a changed object is not valid, or may not follow on what stood before */
export function assertValidChange(resource: ApiResource, before: KubeObject, after: KubeObject): void {
  const errors = new FieldErrors();
  validateMetadata(errors, resource, after);
  if (resource.plural === 'pods') validatePodUpdate(errors, podOf(before), podOf(after));
  if (['secrets', 'configmaps'].includes(resource.plural)) validateDataUpdate(errors, before, after);
  validateData(errors, resource, after);
  assertNone(errors, resource, after);
}

function validateData(errors: FieldErrors, resource: ApiResource, object: KubeObject): void {
  if (resource.plural === 'secrets') validateSecret(errors, object);
  if (resource.plural === 'configmaps') validateConfigMap(errors, object);
  if (resource.plural === 'leases') validateLease(errors, object);
}

function assertNone({ list }: FieldErrors, resource: ApiResource, { metadata }: KubeObject): void {
  if (list.length > 0) throw invalid(resource, metadata.name, list);
}

import type { Clock } from '@hangar/shared/clock';
import { forbiddenField, invalidValue } from '../api/field-errors.ts';
import { type KubeObject, recordOf } from '../api/objects.ts';
import { type PodCondition, podOf } from '../api/pod.ts';
import type { Resource } from '../api/resources.ts';
import type { FieldError } from '../api/status-errors.ts';
import type { Store } from '../api/store.ts';
import { secondsText } from '../api/times.ts';
import { leaseFaults } from '../validate/lease.ts';
import { metadataFaults } from '../validate/metadata.ts';
import { podFaults } from '../validate/pod.ts';
import { podUpdateFaults } from '../validate/pod-update.ts';
import { configMapFaults, secretFaults } from '../validate/secret.ts';
import { defaultPod, qosClassOf } from './pod-defaults.ts';
import { admitPriority } from './priority.ts';
import { admitServiceAccount } from './service-account.ts';

export interface AdmissionParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly randomSuffix: () => string;
}

/** Kinds whose spec counts generations and whose status is written apart. */
export function hasStatus(resource: Resource): boolean {
  return ['pods', 'nodes', 'namespaces', 'resourcequotas', 'deployments'].includes(resource.plural);
}

/** Fills in defaults of a new object and clears what a client may not set. Changes `object`. */
export function prepareNew(parts: AdmissionParts, resource: Resource, object: KubeObject): void {
  switch (resource.plural) {
    case 'pods':
      return preparePod(parts, object);
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
  const texts = recordOf(object['stringData']);
  delete object['stringData'];
  if (Object.keys(texts).length === 0) return;
  const encoded = Object.entries(texts).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  object['data'] = { ...recordOf(object['data']), ...Object.fromEntries(encoded) };
}

function preparePod(parts: AdmissionParts, object: KubeObject): void {
  defaultPod(object);
  const pod = podOf(object);
  if (!Array.isArray(pod.spec.containers)) pod.spec.containers = [];
  admitPriority(parts.store, pod);
  admitServiceAccount(parts.store, pod, parts.randomSuffix);
  pod.metadata.generation = 1;
  pod.status = { phase: 'Pending', qosClass: qosClassOf(pod.spec) };
  const gated = (pod.spec.schedulingGates ?? []).length > 0;
  if (gated) pod.status.conditions = [gatedCondition(parts.clock.now())];
}

function gatedCondition(nowMs: number): PodCondition {
  return {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: secondsText(nowMs),
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
}

/** Faults of a new object. */
export function faultsOfNew(resource: Resource, object: KubeObject): FieldError[] {
  const metadata = metadataFaults(resource, object);
  switch (resource.plural) {
    case 'pods':
      return [...metadata, ...podFaults(podOf(object))];
    case 'secrets':
      return [...metadata, ...secretFaults(object)];
    case 'configmaps':
      return [...metadata, ...configMapFaults(object)];
    case 'leases':
      return [...metadata, ...leaseFaults(object)];
    default:
      return metadata;
  }
}

/** Faults of a changed object, against what stood before. */
export function faultsOfChange(resource: Resource, before: KubeObject, after: KubeObject): FieldError[] {
  const metadata = metadataFaults(resource, after);
  switch (resource.plural) {
    case 'pods':
      return [...metadata, ...podUpdateFaults(podOf(before), podOf(after))];
    case 'secrets':
    case 'configmaps':
      return [...metadata, ...immutableFaults(before, after), ...dataFaults(resource, after)];
    case 'leases':
      return [...metadata, ...leaseFaults(after)];
    default:
      return metadata;
  }
}

function dataFaults(resource: Resource, after: KubeObject): FieldError[] {
  return resource.plural === 'secrets' ? secretFaults(after) : configMapFaults(after);
}

function immutableFaults(before: KubeObject, after: KubeObject): FieldError[] {
  const text = 'field is immutable when `immutable` is set';
  const typed =
    before['type'] === after['type'] ? [] : [invalidValue('type', after['type'], 'field is immutable')];
  if (before['immutable'] !== true) return typed;
  const lifted = after['immutable'] === true ? [] : [forbiddenField('immutable', text)];
  const changed = JSON.stringify(before['data']) !== JSON.stringify(after['data']);
  return [...typed, ...lifted, ...(changed ? [forbiddenField('data', text)] : [])];
}

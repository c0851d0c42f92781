import { recordOf } from '@hangar/shared/json';
import { requestOfSpec } from '@hangar/shared/kubernetes/pod-request';
import type { KubeObject } from '../api/objects.ts';
import { isFinished, type Pod, podOf } from '../api/pod.ts';
import { amountOf, quantityText } from '../api/quantity.ts';
import { type ApiResource, qualifiedName, RESOURCE_QUOTAS } from '../api/resources.ts';
import { forbidden } from '../api/status-errors.ts';
import type { ObjectStore } from '../api/store.ts';

/** Amounts by the quota's resource name, in whole units: millicores, bytes, pieces. */
type Usage = Record<string, number>;

const COMPUTE = ['cpu', 'requests.cpu', 'memory', 'requests.memory', 'limits.cpu', 'limits.memory'];

/**
 * Refuses an object that a ResourceQuota of its namespace has no room for.
 *
 * @throws {ApiError} 403 `exceeded quota: …` or `failed quota: … must specify …`
 */
export function assertWithinQuota(store: ObjectStore, resource: ApiResource, object: KubeObject): void {
  const namespace = object.metadata.namespace ?? '';
  for (const quota of store.list(qualifiedName(RESOURCE_QUOTAS), namespace)) {
    const hard = hardOf(quota);
    if (resource.plural === 'pods') assertSpecified(quota, resource, podOf(object));
    const asked = usageOfObject(resource, object);
    const used = usageIn(store, namespace);
    const over = Object.keys(hard).filter((name) => {
      const request = asked[name] ?? 0;
      return request > 0 && (used[name] ?? 0) + request > (amountOf(name, hard[name]) ?? 0);
    });
    if (over.length === 0) continue;
    const list = (textOf: (name: string) => string): string =>
      over.map((name) => `${name}=${textOf(name)}`).join(',');
    over.sort();
    const requested = list((name) => quantityText(name, asked[name] ?? 0));
    const usedText = list((name) => quantityText(name, used[name] ?? 0));
    const limited = list((name) => String(hard[name]));
    const because = `exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${usedText}, limited: ${limited}`;
    throw forbidden(resource, object.metadata.name, because);
  }
}

function hardOf(quota: KubeObject): Record<string, unknown> {
  return recordOf(recordOf(quota['spec'])['hard']);
}

function assertSpecified(quota: KubeObject, resource: ApiResource, pod: Pod): void {
  const missing = COMPUTE.filter((name) => Object.hasOwn(hardOf(quota), name)).flatMap((name) => {
    const [kind = '', what = ''] = name.includes('.') ? name.split('.') : ['requests', name];
    const without = pod.spec.containers
      .filter(({ resources }) => recordOf(recordOf(resources)[kind])[what] === undefined)
      .map((container) => container.name);
    return without.length === 0 ? [] : [`${name} for: ${without.sort().join(',')}`];
  });
  if (missing.length === 0) return;
  const because = `failed quota: ${quota.metadata.name}: must specify ${missing.sort().join('; ')}`;
  throw forbidden(resource, pod.metadata.name, because);
}

/** What the live objects of a namespace use, by every name that a quota can limit. */
function usageIn(store: ObjectStore, namespace: string): Usage {
  const total: Usage = {};
  for (const resource of ['secrets', 'configmaps', 'pods']) {
    const { length } = store.list(resource, namespace);
    total[`count/${resource}`] = length;
    // Without "count/" only Pods that have not ended count.
    total[resource] = resource === 'pods' ? 0 : length;
  }
  for (const pod of store.list('pods', namespace).map(podOf)) {
    if (isFinished(pod)) continue;
    for (const [name, amount] of Object.entries(computeUsage(pod))) total[name] = (total[name] ?? 0) + amount;
  }
  return total;
}

function usageOfObject(resource: ApiResource, object: KubeObject): Usage {
  const name = qualifiedName(resource);
  if (name === 'pods') return { 'count/pods': 1, ...computeUsage(podOf(object)) };
  return { [name]: 1, [`count/${name}`]: 1 };
}

function computeUsage(pod: Pod): Usage {
  const { cpuMillicores, memoryBytes } = requestOfSpec(pod.spec);
  const limit = (name: string): number =>
    pod.spec.containers.reduce(
      (sum, { resources }) => sum + (amountOf(name, resources?.limits?.[name]) ?? 0),
      0,
    );
  return {
    pods: 1,
    cpu: cpuMillicores,
    'requests.cpu': cpuMillicores,
    memory: memoryBytes,
    'requests.memory': memoryBytes,
    'limits.cpu': limit('cpu'),
    'limits.memory': limit('memory'),
  };
}

/** A quota with its status as of now. */
export function withQuotaStatus(store: ObjectStore, quota: KubeObject): KubeObject {
  const hard = hardOf(quota);
  const usage = usageIn(store, quota.metadata.namespace ?? '');
  const used = Object.keys(hard).map((name): [string, string] => [
    name,
    quantityText(name, usage[name] ?? 0),
  ]);
  return { ...quota, status: { hard, used: Object.fromEntries(used) } };
}

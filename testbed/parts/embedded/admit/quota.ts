import { type KubeObject, recordOf } from '../api/objects.ts';
import { isFinished, type Pod, podOf } from '../api/pod.ts';
import { bytesOf, cpuMillicoresOf, cpuText, memoryText, quantityOf } from '../api/quantity.ts';
import { qualifiedName, RESOURCE_QUOTAS, type Resource } from '../api/resources.ts';
import { forbidden } from '../api/status-errors.ts';
import type { Store } from '../api/store.ts';
import { requestsOf } from '../schedule/requests.ts';

/** Amounts by the quota's resource name, in base units (cores as thousandths, bytes, pieces). */
type Usage = Record<string, number>;

const COMPUTE = ['cpu', 'requests.cpu', 'memory', 'requests.memory', 'limits.cpu', 'limits.memory'];

/**
 * Refuses an object that a ResourceQuota of its namespace has no room for.
 *
 * @throws {ApiError} 403 `exceeded quota: …` or `failed quota: … must specify …`
 */
export function assertWithinQuota(store: Store, resource: Resource, object: KubeObject): void {
  const namespace = object.metadata.namespace ?? '';
  for (const quota of store.list(qualifiedName(RESOURCE_QUOTAS), namespace)) {
    const hard = recordOf(recordOf(quota['spec'])['hard']);
    if (resource.plural === 'pods') assertSpecified(quota, hard, resource, podOf(object));
    const asked = usageOfObject(resource, object);
    const used = usageIn(store, namespace);
    const over = Object.keys(hard).filter((name) => {
      const request = asked[name] ?? 0;
      return request > 0 && (used[name] ?? 0) + request > amountOf(name, hard[name]);
    });
    if (over.length === 0) continue;
    const text = (amounts: Usage): string =>
      over
        .sort()
        .map((name) => `${name}=${shown(name, amounts[name] ?? 0)}`)
        .join(',');
    const limits = over.map((name) => `${name}=${String(hard[name])}`).join(',');
    const because = `exceeded quota: ${quota.metadata.name}, requested: ${text(asked)}, used: ${text(used)}, limited: ${limits}`;
    throw forbidden(resource, object.metadata.name, because);
  }
}

function assertSpecified(quota: KubeObject, hard: Usage | object, resource: Resource, pod: Pod): void {
  const missing = COMPUTE.filter((name) => Object.hasOwn(hard, name)).flatMap((name) => {
    const [kind, what] = name.includes('.') ? name.split('.') : ['requests', name];
    const without = pod.spec.containers
      .filter((container) => recordOf(recordOf(container.resources)[kind ?? ''])[what ?? ''] === undefined)
      .map((container) => container.name);
    return without.length === 0 ? [] : [`${name} for: ${without.sort().join(',')}`];
  });
  if (missing.length === 0) return;
  const because = `failed quota: ${quota.metadata.name}: must specify ${missing.sort().join('; ')}`;
  throw forbidden(resource, pod.metadata.name, because);
}

/** What the live objects of a namespace use, by every name that a quota can limit. */
export function usageIn(store: Store, namespace: string): Usage {
  const total: Usage = {};
  const count = (resource: string, objects: KubeObject[]): void => {
    total[resource] = objects.length;
    total[`count/${resource}`] = objects.length;
  };
  for (const resource of ['secrets', 'configmaps']) count(resource, store.list(resource, namespace));
  const pods = store.list('pods', namespace).map(podOf);
  total['count/pods'] = pods.length;
  for (const pod of pods.filter((one) => !isFinished(one))) {
    for (const [name, amount] of Object.entries(computeUsage(pod))) total[name] = (total[name] ?? 0) + amount;
  }
  return total;
}

function usageOfObject(resource: Resource, object: KubeObject): Usage {
  const name = qualifiedName(resource);
  if (name === 'pods') return { 'count/pods': 1, ...computeUsage(podOf(object)) };
  return { [name]: 1, [`count/${name}`]: 1 };
}

function computeUsage(pod: Pod): Usage {
  const { cpuMillicores, memoryBytes } = requestsOf(pod.spec);
  const limit = (name: string): unknown[] =>
    pod.spec.containers.map((container) => container.resources?.limits?.[name]);
  return {
    pods: 1,
    cpu: cpuMillicores,
    'requests.cpu': cpuMillicores,
    memory: memoryBytes,
    'requests.memory': memoryBytes,
    'limits.cpu': limit('cpu').reduce<number>((sum, text) => sum + cpuMillicoresOf(text), 0),
    'limits.memory': limit('memory').reduce<number>((sum, text) => sum + bytesOf(text), 0),
  };
}

function amountOf(name: string, text: unknown): number {
  return name.endsWith('cpu') ? cpuMillicoresOf(text) : (quantityOf(text) ?? 0);
}

function shown(name: string, amount: number): string {
  if (name.endsWith('cpu')) return cpuText(amount);
  return name.endsWith('memory') ? memoryText(amount) : String(amount);
}

/** A quota with its status as of now. */
export function withStatus(store: Store, quota: KubeObject): KubeObject {
  const hard = recordOf(recordOf(quota['spec'])['hard']);
  const used = usageIn(store, quota.metadata.namespace ?? '');
  const names = Object.keys(hard);
  return {
    ...quota,
    status: { hard, used: Object.fromEntries(names.map((name) => [name, shown(name, used[name] ?? 0)])) },
  };
}

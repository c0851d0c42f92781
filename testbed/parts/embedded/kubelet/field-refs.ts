import { recordOf, textOf } from '../api/objects.ts';
import type { Pod } from '../api/pod.ts';
import { bytesOf, cpuMillicoresOf, quantityOf } from '../api/quantity.ts';

/** Fields that are the same for every Pod here, or whole maps. */
const SPECIAL: Readonly<Record<string, (pod: Pod) => string>> = {
  'metadata.annotations': (pod) => mapText(pod.metadata.annotations ?? {}),
  'metadata.labels': (pod) => mapText(pod.metadata.labels ?? {}),
  'status.podIP': () => '127.0.0.1',
  'status.hostIP': () => '127.0.0.1',
  'status.podIPs': () => '127.0.0.1',
  'status.hostIPs': () => '127.0.0.1',
};

/** Value of a downward-API field path (`metadata.annotations['x']`, `spec.nodeName`, …); empty when unset. */
export function fieldValue(pod: Pod, path: string): string {
  const keyed = /^metadata\.(annotations|labels)\['(.*)'\]$/.exec(path);
  if (keyed !== null) {
    const [, map, key = ''] = keyed;
    return textOf(recordOf(map === 'labels' ? pod.metadata.labels : pod.metadata.annotations)[key]);
  }
  return SPECIAL[path]?.(pod) ?? plainField(pod, path);
}

function plainField(pod: Pod, path: string): string {
  let here: unknown = pod;
  for (const key of path.split('.')) here = recordOf(here)[key];
  return textOf(here);
}

/** One `key="value"` a line, sorted, values quoted as Go does. */
function mapText(map: Record<string, string>): string {
  return Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/** Value of a resource field (`limits.cpu`, …) in units of its divisor, rounded up. */
export function resourceValue(
  pod: Pod,
  containerName: string,
  ref: { resource: string; containerName?: string; divisor?: string },
): string {
  const name = ref.containerName ?? containerName;
  const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
    (one) => one.name === name,
  );
  const [kind = '', what = ''] = ref.resource.split('.');
  const amount = textOf(recordOf(recordOf(container?.resources)[kind])[what]);
  const divisor = quantityOf(ref.divisor ?? '1') ?? 1;
  const value = what === 'cpu' ? cpuMillicoresOf(amount) / 1000 : bytesOf(amount);
  return String(Math.ceil(value / (divisor === 0 ? 1 : divisor)));
}

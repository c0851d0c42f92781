import { recordOf, textOf } from '@hangar/shared/json';
import type { Pod } from '../api/pod.ts';

/** Value of a downward-API field path (`metadata.annotations['x']`, `spec.nodeName`, …); empty when unset. */
export function fieldValue(pod: Pod, path: string): string {
  // All Pods and nodes have the address of this machine.
  if (/^status\.(pod|host)IPs?$/.test(path)) return '127.0.0.1';
  const [, map, key] = /^metadata\.(annotations|labels)(?:\['(.*)'\])?$/.exec(path) ?? [];
  if (map === 'annotations' || map === 'labels') {
    const entries = pod.metadata[map] ?? {};
    return key === undefined ? mapText(entries) : (entries[key] ?? '');
  }
  return textOf(path.split('.').reduce<unknown>((here, field) => recordOf(here)[field], pod));
}

/** One `key="value"` a line, sorted, values quoted as Go does. */
function mapText(map: Record<string, string>): string {
  return Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

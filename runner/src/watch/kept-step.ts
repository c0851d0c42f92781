import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION, containerName } from '../pipeline/compiled.ts';
import { type GateLine, parseGateLine } from './gate-line.ts';

/** The end of a failed step whose container is kept for people; undefined: it is not kept. Pure. */
export function keptLine({ metadata }: V1Pod, n: number): GateLine | undefined {
  const text = metadata?.annotations?.[`${ANNOTATION.keptPrefix}${n}`];
  return text === undefined ? undefined : parseGateLine(text);
}

/** Whether the container of a failed step is kept in that Pod, and still runs. Pure. */
export function isKeeping(pod: V1Pod): boolean {
  const { annotations = {} } = pod.metadata ?? {};
  const names = Object.keys(annotations)
    .filter((key) => key.startsWith(ANNOTATION.keptPrefix))
    .map((key) => containerName(Number(key.slice(ANNOTATION.keptPrefix.length))));
  const statuses = pod.status?.containerStatuses ?? [];
  return statuses.some(({ name, state }) => state?.running !== undefined && names.includes(name));
}

import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION, containerName, LABEL } from '../pipeline/compiled.ts';
import { type GateLine, parseGateLine } from './gate-line.ts';

/** The end of a failed step whose gate stays, so that its container runs on; undefined: none is recorded. Pure. */
export function recordedEnd({ metadata }: V1Pod, n: number): GateLine | undefined {
  const text = metadata?.annotations?.[`${ANNOTATION.endPrefix}${n}`];
  return text === undefined ? undefined : parseGateLine(text);
}

/** Whether that Pod is kept for people who look at a failed step, and the container still runs. Pure. */
export function isKeeping({ metadata, status }: V1Pod): boolean {
  if (metadata?.labels?.[LABEL.kept] !== 'true') return false;
  const names = Object.keys(metadata.annotations ?? {})
    .filter((key) => key.startsWith(ANNOTATION.endPrefix))
    .map((key) => containerName(Number(key.slice(ANNOTATION.endPrefix.length))));
  const statuses = status?.containerStatuses ?? [];
  return statuses.some(({ name, state }) => state?.running !== undefined && names.includes(name));
}

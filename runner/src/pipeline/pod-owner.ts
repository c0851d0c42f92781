import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION } from './compiled.ts';

/** Whether that replica owns the Pod, or the Pod names no owner at all. */
export function isOwnedBy({ metadata }: V1Pod, owner: string): boolean {
  const named = metadata?.annotations?.[ANNOTATION.owner];
  return named === undefined || named === owner;
}

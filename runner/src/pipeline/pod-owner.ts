import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION } from './compiled.ts';

/** Whether that replica owns the Pod, or the Pod names no owner at all. */
export function isOwnedBy({ metadata }: V1Pod, owner: string): boolean {
  const named = metadata?.annotations?.[ANNOTATION.owner];
  return named === undefined || named === owner;
}

/** Whether a Pod is seen as it was before an adoption that the other one shows: a watch may lag behind a write. */
export const isBeforeAdoption = (seen: V1Pod, known: V1Pod): boolean =>
  adoptionsOf(seen) < adoptionsOf(known);

const adoptionsOf = ({ metadata }: V1Pod): number =>
  Number(metadata?.annotations?.[ANNOTATION.adoptions]) || 0;

import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION, LABEL } from '../pipeline/compiled.ts';

/** The patch that makes a replica the owner; valid only for the Pod as it was read. */
export function claimOf({ metadata }: V1Pod, owner: string): Record<string, unknown> {
  const before = Number(metadata?.annotations?.[ANNOTATION.adoptions] ?? 0);
  const annotations = {
    [ANNOTATION.owner]: owner,
    [ANNOTATION.adoptions]: String(Number.isFinite(before) ? before + 1 : 1),
  };
  return { metadata: { resourceVersion: metadata?.resourceVersion, uid: metadata?.uid, annotations } };
}

/** Owner of a Pod, as `<namespace>/<lease>`; empty: none is named. */
export const ownerOf = (pod: V1Pod): string => pod.metadata?.annotations?.[ANNOTATION.owner] ?? '';

/** Scheme and host of the Drone server whose stage a Pod runs; empty: none is named. */
export const serverOfPod = (pod: V1Pod): string => pod.metadata?.annotations?.[ANNOTATION.server] ?? '';

/** Pods that name one of those stages, of that server. */
export const podsOfStages = (
  pods: readonly V1Pod[],
  stageIds: ReadonlySet<number>,
  server: string,
): readonly V1Pod[] => pods.filter((pod) => serverOfPod(pod) === server && stageIds.has(stageIdOf(pod)));

/** By stage the owner of its Pod. */
export const ownersByStage = (pods: readonly V1Pod[]): ReadonlyMap<number, string> =>
  new Map(pods.map((pod) => [stageIdOf(pod), ownerOf(pod)]));

const stageIdOf = (pod: V1Pod): number => Number(pod.metadata?.labels?.[LABEL.stageId]);

import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION, LABEL } from '../pipeline/compiled.ts';

/** A replica that takes over a Pod, and how the Pod's owner ended. */
export interface Claim {
  readonly owner: string;
  /** The former owner was lost, and did not stop in order. */
  readonly isLost: boolean;
}

/** The patch that makes a replica the owner; valid only for the Pod as it was read. */
export function claimOf(pod: V1Pod, { owner, isLost }: Claim): Record<string, unknown> {
  const { resourceVersion, uid } = pod.metadata ?? {};
  const before = numberIn(pod, ANNOTATION.adoptions);
  const annotations = {
    [ANNOTATION.owner]: owner,
    [ANNOTATION.adoptions]: String(before + 1),
    [ANNOTATION.readerDeaths]: String(readerDeaths(pod, isLost)),
  };
  return { metadata: { resourceVersion, uid, annotations } };
}

/** An owner that has read the logs for long has ended the count itself (`stage/reader-deaths.ts`). */
function readerDeaths(pod: V1Pod, isLost: boolean): number {
  const before = numberIn(pod, ANNOTATION.readerDeaths);
  return isLost && hasLogs(pod) ? before + 1 : before;
}

const hasLogs = ({ status }: V1Pod): boolean =>
  (status?.containerStatuses ?? []).some(({ state }) => Boolean(state?.running ?? state?.terminated));

/** What can't be read (somebody edited it) counts as 0. */
function numberIn({ metadata }: V1Pod, annotation: string): number {
  const value = Number(metadata?.annotations?.[annotation] ?? 0);
  return Number.isFinite(value) ? value : 0;
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

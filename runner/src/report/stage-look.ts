import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';
import type { Finding } from '../cancel/build-watch.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { isOwnedBy } from '../pipeline/pod-owner.ts';
import type { Reporter } from './reporter.ts';

/** Whom to ask about a stage, and where it is written down. */
export interface LookedAt {
  readonly reporter: Pick<Reporter, 'look'>;
  /** As it was last seen. Undefined: it has no Pod yet, and its Lease leaves the version to the server. */
  readonly pod: V1Pod | undefined;
  /** Who we are, as Pods' annotations name it. */
  readonly owner: string;
}

/**
 * Asks the server whether a stage that was started still stands as we told it. Asking raises the stage's version, so the Pod says it
 * first: whoever takes over can't end the stage without it. A stage that another replica has taken over meanwhile is not ours to judge.
 */
export async function lookAtStage(
  parts: { cluster: Cluster; log: Logger },
  { reporter, pod, owner }: LookedAt,
  signal: AbortSignal,
): Promise<Finding> {
  const writeDown = async (version: number): Promise<boolean> =>
    !pod || (await isWrittenDown(parts, pod, { owner, version }, signal));
  const reported = await reporter.look(writeDown, signal);
  if (reported === 'reported') return 'open';
  // What the server doesn't know any more needs to run no longer.
  const isOver = reported === 'conflict' || reported === 'unknown';
  if (isOver && (!pod || (await isOurs(parts, pod, owner, signal)))) return 'cancelled';
  return 'unknown';
}

async function isWrittenDown(
  { cluster, log }: { cluster: Cluster; log: Logger },
  pod: V1Pod,
  { owner, version }: { owner: string; version: number },
  signal: AbortSignal,
): Promise<boolean> {
  if (!isOwnedBy(pod, owner)) return false;
  const annotations = { [ANNOTATION.stageVersion]: String(version) };
  const patch = { metadata: { uid: pod.metadata?.uid, annotations } };
  try {
    return isOwnedBy(await cluster.patch<V1Pod>(targetOf(pod), patch, 'merge', signal), owner);
  } catch (error) {
    if (!signal.aborted) log.debug({ err: error }, 'the version of a stage could not be recorded');
    return false;
  }
}

/** Deleted by somebody, it is nobody else's. */
async function isOurs(
  { cluster, log }: { cluster: Cluster; log: Logger },
  pod: V1Pod,
  owner: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return isOwnedBy(await cluster.get<V1Pod>(targetOf(pod), signal), owner);
  } catch (error) {
    if (isKubernetesError(error, 404)) return true;
    if (!signal.aborted) log.debug({ err: error }, 'the owner of a stage could not be determined');
    return false;
  }
}

const targetOf = ({ metadata }: V1Pod) => ({
  resource: RESOURCE.pods,
  namespace: metadata?.namespace ?? 'default',
  name: metadata?.name ?? '',
});

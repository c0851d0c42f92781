import type { Clock } from '@hangar/shared/clock';
import {
  type Cluster,
  isKubernetesError,
  KubernetesError,
  RESOURCE,
} from '@hangar/shared/kubernetes/cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { ANNOTATION, type Compiled } from '../pipeline/compiled.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';

/** Launched: Pod (held by its gate) and Secrets exist. `quota`: the namespace's quota is spent, which means wait. */
export type Launched =
  | { readonly kind: 'launched'; readonly pod: V1Pod }
  | { readonly kind: 'quota'; readonly text: string };

/** What launching needs. */
export interface LaunchParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Makes the Pod, then what it owns, so that no crash leaves a Secret behind: the Pod is held by a scheduling gate until then.
 * Each write may be repeated: a name that is taken already is ours, since names are random.
 *
 * @param owner `<namespace>/<lease>` of this replica
 * @throws {PipelineError} when the API server refuses an object for what it says; the Pod is then gone again
 */
export async function launch(
  parts: LaunchParts,
  compiled: Compiled,
  owner: string,
  signal: AbortSignal,
): Promise<Launched> {
  const annotations = { ...compiled.pod.metadata?.annotations, [ANNOTATION.owner]: owner };
  const wanted: V1Pod = { ...compiled.pod, metadata: { ...compiled.pod.metadata, annotations } };
  if (compiled.createNamespace) await makeNamespace(parts, compiled, signal);
  const pod = await makePod(parts, compiled.namespace, wanted, signal);
  if ('kind' in pod && pod.kind === 'quota') return pod as Launched;
  try {
    for (const secret of compiled.pullSecret ? [...compiled.secrets, compiled.pullSecret] : compiled.secrets)
      await makeSecret(parts, compiled.namespace, owned(secret, pod as V1Pod), signal);
  } catch (error) {
    await parts.cluster
      .remove(
        { resource: RESOURCE.pods, namespace: compiled.namespace, name: compiled.pod.metadata?.name ?? '' },
        {},
        new AbortController().signal,
      )
      .catch(() => undefined);
    throw error;
  }
  return { kind: 'launched', pod: pod as V1Pod };
}

async function makePod(
  parts: LaunchParts,
  namespace: string,
  wanted: V1Pod,
  signal: AbortSignal,
): Promise<V1Pod | (Launched & { kind: 'quota' })> {
  const name = wanted.metadata?.name ?? '';
  return untilAnswered(parts, signal, async () => {
    try {
      return await parts.cluster.create<V1Pod>({ resource: RESOURCE.pods, namespace }, wanted, signal);
    } catch (error) {
      if (isKubernetesError(error, 409) && error.reason === 'AlreadyExists')
        return parts.cluster.get<V1Pod>({ resource: RESOURCE.pods, namespace, name }, signal);
      if (isKubernetesError(error, 403) && error.message.includes('exceeded quota'))
        return { kind: 'quota', text: error.message } as const;
      throw explained(error, 'Pod');
    }
  });
}

async function makeSecret(
  parts: LaunchParts,
  namespace: string,
  secret: V1Secret,
  signal: AbortSignal,
): Promise<void> {
  await untilAnswered(parts, signal, async () => {
    try {
      await parts.cluster.create({ resource: RESOURCE.secrets, namespace }, secret, signal);
    } catch (error) {
      if (!(isKubernetesError(error, 409) && error.reason === 'AlreadyExists'))
        throw explained(error, 'Secret');
    }
  });
}

async function makeNamespace(parts: LaunchParts, compiled: Compiled, signal: AbortSignal): Promise<void> {
  const object = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: compiled.namespace, labels: compiled.pod.metadata?.labels ?? {} },
  };
  await untilAnswered(parts, signal, async () => {
    try {
      await parts.cluster.create({ resource: RESOURCE.namespaces }, object, signal);
    } catch (error) {
      if (!isKubernetesError(error, 409)) throw explained(error, 'namespace');
    }
  });
}

/** Kubernetes removes a Secret with its Pod; the Pod's own deletion does not wait for it. */
function owned(secret: V1Secret, pod: V1Pod): V1Secret {
  const owner = {
    apiVersion: 'v1',
    kind: 'Pod',
    name: pod.metadata?.name ?? '',
    uid: pod.metadata?.uid ?? '',
    blockOwnerDeletion: false,
  };
  return { ...secret, metadata: { ...secret.metadata, ownerReferences: [owner] } };
}

/** Tries again while nobody answers, or the server has trouble of its own; a service account that comes later (60) counts as that. */
async function untilAnswered<T>(
  parts: LaunchParts,
  signal: AbortSignal,
  write: () => Promise<T>,
): Promise<T> {
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof KubernetesError) || !error.transient) throw error;
      await parts.clock.sleep(error.retryAfterMs ?? pauseMs, signal);
      signal.throwIfAborted();
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }
}

/** A refusal for what an object says is the author's to mend, a missing right the operator's; the rest stays as it is, to be tried again. */
function explained(error: unknown, kind: string): unknown {
  if (!isKubernetesError(error) || error.transient) return error;
  if (error.status === 403 && !error.message.includes('violates PodSecurity'))
    return new PipelineError('right-missing', `the runner may not make this ${kind}: ${error.message}`, {
      blame: 'operator',
      cause: error,
    });
  return new PipelineError(
    'object-refused',
    `Kubernetes refuses the ${kind} of this pipeline: ${error.message}`,
    { cause: error },
  );
}

import type { KubeObject } from './objects.ts';
import { isFinished, podOf } from './pod.ts';
import type { Resource } from './resources.ts';
import { conflict } from './status-errors.ts';
import { secondsText } from './times.ts';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

/** What a DELETE comes to: gone now, marked (graceful, or held by finalizers), or nothing new. */
export type Deletion =
  | { readonly is: 'remove' }
  | { readonly is: 'mark'; readonly object: KubeObject }
  | { readonly is: 'pending' };

/**
 * Decides a DELETE as the API server's strategies do: Pods get a grace period once they are scheduled and not ended,
 * namespaces and objects with finalizers are marked, all else goes at once.
 *
 * @throws {ApiError} 409 when a precondition does not hold
 */
export function deletionOf(
  resource: Resource,
  object: KubeObject,
  options: DeleteOptions,
  nowMs: number,
): Deletion {
  assertPreconditions(resource, object, options);
  const graceSeconds = resource.plural === 'pods' ? podGraceSeconds(object, options) : 0;
  const { metadata } = object;
  const held = (metadata.finalizers ?? []).length > 0 || resource.plural === 'namespaces';
  if (metadata.deletionTimestamp !== undefined) return repeated(object, options, held, nowMs);
  if (graceSeconds === 0 && !held) return { is: 'remove' };
  return { is: 'mark', object: marked(object, graceSeconds, nowMs) };
}

function assertPreconditions(resource: Resource, object: KubeObject, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion, name } = object.metadata;
  const kind = { ...resource, plural: resource.kind };
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    throw conflict(
      kind,
      name,
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw conflict(
      kind,
      name,
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
}

function podGraceSeconds(object: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  const pod = podOf(object);
  if ((pod.spec.nodeName ?? '') === '' || isFinished(pod)) return 0;
  const wanted = gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 0;
  return wanted < 0 ? 1 : wanted;
}

/** A second DELETE may only shorten the grace. */
function repeated(object: KubeObject, options: DeleteOptions, held: boolean, nowMs: number): Deletion {
  const left = object.metadata.deletionGracePeriodSeconds ?? 0;
  const asked = options.gracePeriodSeconds;
  if (held) return { is: 'pending' };
  if (left === 0 || asked === 0) return { is: 'remove' };
  if (asked === undefined || asked >= left) return { is: 'pending' };
  return { is: 'mark', object: marked(object, asked < 0 ? 1 : asked, nowMs) };
}

function marked(object: KubeObject, graceSeconds: number, nowMs: number): KubeObject {
  const { metadata } = object;
  const first = metadata.deletionTimestamp === undefined;
  const next: KubeObject = {
    ...object,
    metadata: {
      ...metadata,
      deletionTimestamp: secondsText(nowMs + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
      ...(first && metadata.generation !== undefined ? { generation: metadata.generation + 1 } : {}),
    },
  };
  if (object.kind === 'Namespace') next['status'] = { phase: 'Terminating' };
  return next;
}

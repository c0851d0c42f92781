import type { KubeObject } from './objects.ts';
import { isFinished, podOf } from './pod.ts';
import type { ApiResource } from './resources.ts';
import { conflict } from './status-errors.ts';
import { rfc3339Seconds } from './times.ts';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

/** The result of a DELETE: removed now, marked (graceful, or held by finalizers), or nothing new. */
export type DeleteDecision =
  | { readonly kind: 'remove' }
  | { readonly kind: 'mark'; readonly object: KubeObject }
  | { readonly kind: 'pending' };

/**
 * Decides a DELETE as the API server's strategies do: Pods get a grace period once they are scheduled and not ended,
 * namespaces and objects with finalizers are marked, everything else is removed at once.
 *
 * @throws {ApiError} 409 when a precondition does not hold
 */
export function decideDelete(
  resource: ApiResource,
  object: KubeObject,
  options: DeleteOptions,
  nowMs: number,
): DeleteDecision {
  assertPreconditions(resource, object, options);
  const { metadata } = object;
  const held = (metadata.finalizers ?? []).length > 0 || resource.plural === 'namespaces';
  if (metadata.deletionTimestamp !== undefined) return repeated(object, options, held, nowMs);
  const graceSeconds = resource.plural === 'pods' ? podGraceSeconds(object, options) : 0;
  if (graceSeconds === 0 && !held) return { kind: 'remove' };
  return { kind: 'mark', object: marked(object, graceSeconds, nowMs) };
}

function assertPreconditions(
  resource: ApiResource,
  object: KubeObject,
  { preconditions }: DeleteOptions,
): void {
  const { uid, resourceVersion, name } = object.metadata;
  const assertSame = (field: string, wanted: string | undefined, found: string, hint: string): void => {
    if (wanted === undefined || wanted === found) return;
    const because = `the ${field} in the precondition (${wanted}) does not match the ${field} in record (${found}). ${hint}`;
    throw conflict({ ...resource, plural: resource.kind }, name, because);
  };
  assertSame('UID', preconditions?.uid, uid, 'The object might have been deleted and then recreated');
  const modified = 'The object might have been modified';
  assertSame('ResourceVersion', preconditions?.resourceVersion, resourceVersion, modified);
}

function podGraceSeconds(object: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  const pod = podOf(object);
  if ((pod.spec.nodeName ?? '') === '' || isFinished(pod)) return 0;
  return atLeastNow(gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 0);
}

/** The server reads a negative grace as one second. */
function atLeastNow(graceSeconds: number): number {
  return graceSeconds < 0 ? 1 : graceSeconds;
}

/** A second DELETE may only shorten the grace. */
function repeated(object: KubeObject, options: DeleteOptions, held: boolean, nowMs: number): DeleteDecision {
  const left = object.metadata.deletionGracePeriodSeconds ?? 0;
  const asked = options.gracePeriodSeconds;
  if (held) return { kind: 'pending' };
  if (left === 0 || asked === 0) return { kind: 'remove' };
  if (asked === undefined || asked >= left) return { kind: 'pending' };
  return { kind: 'mark', object: marked(object, atLeastNow(asked), nowMs) };
}

function marked(object: KubeObject, graceSeconds: number, nowMs: number): KubeObject {
  const { metadata } = object;
  const first = metadata.deletionTimestamp === undefined;
  const next: KubeObject = {
    ...object,
    metadata: {
      ...metadata,
      deletionTimestamp: rfc3339Seconds(nowMs + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
      ...(first && metadata.generation !== undefined ? { generation: metadata.generation + 1 } : {}),
    },
  };
  if (object.kind === 'Namespace') next['status'] = { phase: 'Terminating' };
  return next;
}

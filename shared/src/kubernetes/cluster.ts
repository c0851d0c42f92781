import type { KubernetesObject } from '@kubernetes/client-node';

/** Where a kind of object lives in the API: `{ base: '/api/v1', plural: 'pods' }`. */
export interface Resource {
  readonly base: string;
  readonly plural: string;
}

/** The resources that Hangar speaks of. */
export const RESOURCE = {
  pods: { base: '/api/v1', plural: 'pods' },
  secrets: { base: '/api/v1', plural: 'secrets' },
  events: { base: '/api/v1', plural: 'events' },
  nodes: { base: '/api/v1', plural: 'nodes' },
  namespaces: { base: '/api/v1', plural: 'namespaces' },
  resourceQuotas: { base: '/api/v1', plural: 'resourcequotas' },
  leases: { base: '/apis/coordination.k8s.io/v1', plural: 'leases' },
  accessReviews: { base: '/apis/authorization.k8s.io/v1', plural: 'selfsubjectaccessreviews' },
} as const satisfies Record<string, Resource>;

/** One object, or all of a namespace, or (without namespace) all of the cluster. */
export interface Target {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** Query of a list or a watch. */
export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** A list or a page of one, and the version of the world at that moment. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** One event of a watch, as it comes; `BOOKMARK` carries a version only, `ERROR` a Status. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

/** How a log is asked for. */
export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly follow: boolean;
  /** RFC 3339; whole seconds count. */
  readonly sinceTime?: string;
  readonly previous?: boolean;
}

/** Deleting: grace in seconds (the object's own when absent), and only if it still is that very object, or unchanged even. */
export interface Deletion {
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/**
 * The Kubernetes API as Hangar uses it: a door, not a model. Every call rejects with a {@link KubernetesError} (status 0: no answer),
 * or with the signal's reason when it was aborted. Nothing is retried here.
 */
export interface Cluster {
  get<T extends KubernetesObject>(target: Target, signal: AbortSignal): Promise<T>;
  /** All pages of a list. */
  list<T extends KubernetesObject>(
    target: Target,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<Listing<T>>;
  /** The same page by page, all of one moment: for who keeps little of each object. Rejects like a list, between two pages too (410). */
  pages<T extends KubernetesObject>(
    target: Target,
    selection: Selection,
    signal: AbortSignal,
  ): AsyncIterable<Listing<T>>;
  /** Events after `resourceVersion`, until the server or `signal` ends it, or nothing (no bookmark either) was heard for `silenceMs`. */
  watch<T extends KubernetesObject>(
    target: Target,
    options: Selection & { resourceVersion: string; silenceMs: number },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>>;
  create<T extends KubernetesObject>(target: Target, object: T, signal: AbortSignal): Promise<T>;
  /** `merge`: RFC 7386; `strategic`: lists of containers are merged by name. A `metadata.resourceVersion` in it makes a 409 of a stale one. */
  patch<T extends KubernetesObject>(
    target: Target,
    patch: Readonly<Record<string, unknown>>,
    how: 'merge' | 'strategic',
    signal: AbortSignal,
  ): Promise<T>;
  /** Not found, or no longer that very object (409), counts as done: the answer says which. */
  remove(target: Target, deletion: Deletion, signal: AbortSignal): Promise<'removed' | 'absent'>;
  /** The log's bytes with a time stamp before each line. */
  log(request: LogRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** What the API server said no to, in its own words. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`, `Invalid`, `Expired`, `TooManyRequests`, ...; empty when unknown. */
  readonly reason: string;
  /** What the server asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    status: number,
    reason: string,
    message: string,
    options: { retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** May the same call succeed later without anybody doing something? No answer, 429, and the server's own trouble. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 408 || this.status >= 500;
  }
}

/** Is it that answer of the API? */
export function isKubernetesError(error: unknown, ...statuses: readonly number[]): error is KubernetesError {
  return error instanceof KubernetesError && (statuses.length === 0 || statuses.includes(error.status));
}

/** May the same call succeed later without anybody doing something? */
export const isTransient = (error: unknown): boolean => isKubernetesError(error) && error.transient;

/** What a call comes to; undefined where the API server has no such object (404). */
export async function ifPresent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isKubernetesError(error, 404)) return undefined;
    throw error;
  }
}

/** Where a Pod stands. */
export const podTarget = ({ metadata }: KubernetesObject) => ({
  resource: RESOURCE.pods,
  namespace: metadata?.namespace ?? 'default',
  name: metadata?.name ?? '',
});

import type { KubernetesObject } from '@kubernetes/client-node';

/** API path of a resource: `{ base: '/api/v1', plural: 'pods' }`. */
export interface Resource {
  readonly base: string;
  readonly plural: string;
}

/** The resources that Hangar uses. */
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

/** One object, or all objects of a namespace, or (without namespace) of the cluster. */
export interface Target {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** Query parameters of a list or a watch. */
export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** A list or a page of one, with its resource version. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** One event of a watch; `BOOKMARK` carries only a version, `ERROR` a Status. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

/** Query parameters of a log request. */
export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly follow: boolean;
  /** RFC 3339; resolution of one second. */
  readonly sinceTime?: string;
  readonly previous?: boolean;
}

/** Options of a delete: grace period in seconds (default: the object's own), and preconditions on uid or resource version. */
export interface Deletion {
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** How one object is changed: by PATCH (the cluster itself), or by GET and PUT where the Role grants no `patch` (`update-writer.ts`). */
export interface ObjectWriter {
  /**
   * `merge`: RFC 7386; `strategic`: lists of containers are merged by name. A stale `metadata.resourceVersion` in the patch leads to 409.
   */
  patch<T extends KubernetesObject>(
    target: Target,
    patch: Readonly<Record<string, unknown>>,
    how: 'merge' | 'strategic',
    signal: AbortSignal,
  ): Promise<T>;
}

/**
 * The Kubernetes API as Hangar uses it, without caching. Every call rejects with a {@link KubernetesError} (status 0: no response),
 * or with the signal's reason if it was aborted. Nothing is retried here.
 */
export interface Cluster extends ObjectWriter {
  get<T extends KubernetesObject>(target: Target, signal: AbortSignal): Promise<T>;
  /** Lists all pages. */
  list<T extends KubernetesObject>(
    target: Target,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<Listing<T>>;
  /**
   * The same page by page, all at one resource version: for callers that keep little of each object. Rejects like a list, between two pages
   * too (410).
   */
  pages<T extends KubernetesObject>(
    target: Target,
    selection: Selection,
    signal: AbortSignal,
  ): AsyncIterable<Listing<T>>;
  /** Events after `resourceVersion`, until the server or `signal` ends it, or no line (event or bookmark) arrives for `silenceMs`. */
  watch<T extends KubernetesObject>(
    target: Target,
    options: Selection & { resourceVersion: string; silenceMs: number },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>>;
  create<T extends KubernetesObject>(target: Target, object: T, signal: AbortSignal): Promise<T>;
  /** Writes the whole object, as it was read and then changed (PUT): its `metadata.resourceVersion` must be the current one, else 409. */
  replace<T extends KubernetesObject>(target: Target, object: T, signal: AbortSignal): Promise<T>;
  /** An object that is absent, or was replaced by another (409), counts as deleted; the result shows which case it was. */
  remove(target: Target, deletion: Deletion, signal: AbortSignal): Promise<'removed' | 'absent'>;
  /** The log's bytes with a timestamp before each line. */
  log(request: LogRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** An error response of the API server, with its message. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  /** HTTP status; 0 if there was no response. */
  readonly status: number;
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`, `Invalid`, `Expired`, `TooManyRequests`, ...; empty when unknown. */
  readonly reason: string;
  /** Delay requested by the server (`Retry-After`), in milliseconds. */
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

  /** Whether the same call may succeed later without intervention: no response, 429, and server errors. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 408 || this.status >= 500;
  }
}

/** Whether an error is a response of the API with this status and reason. */
export function isKubernetesError(error: unknown, ...statuses: readonly number[]): error is KubernetesError {
  return error instanceof KubernetesError && (statuses.length === 0 || statuses.includes(error.status));
}

/** Whether the same call may succeed later without intervention. */
export const isTransient = (error: unknown): boolean => isKubernetesError(error) && error.transient;

/** The result of a call; undefined if the API server responds 404. */
export async function ifPresent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isKubernetesError(error, 404)) return undefined;
    throw error;
  }
}

/** The path of a Pod in the API. */
export const podTarget = ({ metadata }: KubernetesObject) => ({
  resource: RESOURCE.pods,
  namespace: metadata?.namespace ?? 'default',
  name: metadata?.name ?? '',
});

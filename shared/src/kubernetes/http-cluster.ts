import type { KubernetesObject } from '@kubernetes/client-node';
import { type Dispatcher, request } from 'undici';
import { retryAfterMs } from '../backoff.ts';
import { CallSpan } from '../call-span.ts';
import type { Clock } from '../clock.ts';
import { parseJson, recordOf, textOf } from '../json.ts';
import { orAborted } from '../or-aborted.ts';
import {
  type Cluster,
  type Deletion,
  isKubernetesError,
  KubernetesError,
  type Listing,
  type LogRequest,
  type Selection,
  type Target,
  type WatchEvent,
} from './cluster.ts';
import type { Connection } from './connection.ts';
import { watchEvents } from './watch-stream.ts';

/** The request and its result, for metrics and rate limiting. */
export interface ApiCall {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'log';
  readonly resource: string;
}

/**
 * Hooks around calls: `before` may delay one (rate limiting), `after` gets its status (0: no response) and duration; not called for aborted
 * ones.
 */
export interface CallObserver {
  before?(call: ApiCall, signal: AbortSignal): Promise<void>;
  after?(call: ApiCall, status: number, durationMs: number): void;
}

type Response = Dispatcher.ResponseData;

interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly target: Target;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** A call without a response within this time counts as lost. Streams have a limit on silence instead. */
const ANSWER_TIMEOUT_MS = 30_000;
const PAGE_SIZE = 500;
const PATCH_TYPE = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

/** The API over HTTP. One instance per process; its only state is the connection. */
export class HttpCluster implements Cluster {
  readonly #clock: Clock;
  readonly #connection: Connection;
  readonly #observer: CallObserver;

  constructor(clock: Clock, connection: Connection, observer: CallObserver = {}) {
    this.#clock = clock;
    this.#connection = connection;
    this.#observer = observer;
  }

  get<T extends KubernetesObject>(target: Target, signal: AbortSignal): Promise<T> {
    return this.#json<T>('get', { method: 'GET', target }, signal);
  }

  async list<T extends KubernetesObject>(
    target: Target,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<Listing<T>> {
    const items: T[] = [];
    let resourceVersion = '';
    for await (const page of this.pages<T>(target, selection, signal)) {
      items.push(...page.items);
      ({ resourceVersion } = page);
    }
    return { items, resourceVersion };
  }

  async *pages<T extends KubernetesObject>(
    target: Target,
    selection: Selection,
    signal: AbortSignal,
  ): AsyncIterable<Listing<T>> {
    let next: string | undefined;
    do {
      const query = { ...selection, limit: String(PAGE_SIZE), continue: next };
      const page = await this.#json<Page<T>>('list', { method: 'GET', target, query }, signal);
      yield { items: page.items, resourceVersion: page.metadata?.resourceVersion ?? '0' };
      next = page.metadata?.continue;
    } while (next);
  }

  async *watch<T extends KubernetesObject>(
    target: Target,
    options: Selection & { resourceVersion: string; silenceMs: number },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>> {
    const { silenceMs, ...selection } = options;
    const query = { ...selection, watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: '290' };
    const { response, span } = await this.#open('watch', { method: 'GET', target, query }, signal);
    try {
      yield* watchEvents<T>(this.#clock, { body: bytesOf(response), span, silenceMs });
    } finally {
      span.close();
    }
  }

  create<T extends KubernetesObject>(target: Target, object: T, signal: AbortSignal): Promise<T> {
    return this.#json<T>('create', { method: 'POST', target, body: object }, signal);
  }

  replace<T extends KubernetesObject>(target: Target, object: T, signal: AbortSignal): Promise<T> {
    return this.#json<T>('update', { method: 'PUT', target, body: object }, signal);
  }

  patch<T extends KubernetesObject>(
    target: Target,
    patch: Readonly<Record<string, unknown>>,
    how: 'merge' | 'strategic',
    signal: AbortSignal,
  ): Promise<T> {
    const ask: Ask = { method: 'PATCH', target, body: patch, contentType: PATCH_TYPE[how] };
    return this.#json<T>('patch', ask, signal);
  }

  async remove(target: Target, deletion: Deletion, signal: AbortSignal): Promise<'removed' | 'absent'> {
    const { gracePeriodSeconds, ...preconditions } = deletion;
    const conditional = Object.keys(preconditions).length > 0;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds,
      preconditions: conditional ? preconditions : undefined,
    };
    try {
      await this.#json('delete', { method: 'DELETE', target, body }, signal);
      return 'removed';
    } catch (error) {
      // A failed precondition (409) means that the object was replaced by another.
      if (isKubernetesError(error, 404) || (conditional && isKubernetesError(error, 409))) return 'absent';
      throw error;
    }
  }

  async log(wanted: LogRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { namespace, pod, container, follow, sinceTime, previous } = wanted;
    const target = {
      resource: { base: '/api/v1', plural: 'pods' },
      namespace,
      name: pod,
      subresource: 'log',
    };
    const flags = { follow: follow ? 'true' : undefined, previous: previous ? 'true' : undefined };
    const query = { container, timestamps: 'true', sinceTime, ...flags };
    const ask: Ask = { method: 'GET', target, query };
    const { response, span } = await this.#open('log', ask, signal);
    return readLog(response, { span, signal, ask });
  }

  /**
   * Sends a request and waits for the response headers; the time for that is limited, that for the body is not. The receiver of the
   * response closes the span.
   */
  async #open(
    verb: ApiCall['verb'],
    ask: Ask,
    signal: AbortSignal,
  ): Promise<{ response: Response; span: CallSpan }> {
    const { plural } = ask.target.resource;
    const call: ApiCall = { verb, resource: verb === 'log' ? `${plural}/log` : plural };
    await this.#observer.before?.(call, signal);
    const span = new CallSpan(signal);
    const startMs = this.#clock.monotonicMs();
    const callOff = this.#limit(span, ask);
    try {
      const response = await this.#send(ask, span.signal);
      this.#observer.after?.(call, response.statusCode, this.#clock.monotonicMs() - startMs);
      if (!isSuccess(response)) throw await this.#refusal(response);
      return { response, span };
    } catch (error) {
      span.close();
      if (isKubernetesError(error) && error.status > 0) throw error;
      if (signal.aborted) throw signal.reason;
      this.#observer.after?.(call, 0, this.#clock.monotonicMs() - startMs);
      throw lost(error, ask);
    } finally {
      callOff();
    }
  }

  #limit(span: CallSpan, ask: Ask): () => void {
    return this.#clock.after(ANSWER_TIMEOUT_MS, () =>
      span.abort(new KubernetesError(0, 'Timeout', noAnswer(ask))),
    );
  }

  async #send(ask: Ask, signal: AbortSignal): Promise<Response> {
    // A token may come from an exec plugin, which may hang.
    const headers = new Headers(await orAborted(this.#connection.headers(), signal));
    headers.set('Accept', 'application/json');
    // The API server derives the field manager from it.
    headers.set('User-Agent', 'hangar');
    if (ask.body !== undefined) headers.set('Content-Type', ask.contentType ?? 'application/json');
    const { dispatcher, streams = dispatcher } = this.#connection;
    return request(this.#connection.server + pathOf(ask.target) + queryOf(ask.query ?? {}), {
      method: ask.method,
      headers: Object.fromEntries(headers),
      signal,
      dispatcher: isStream(ask) ? streams : dispatcher,
      ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
    });
  }

  async #json<T>(verb: ApiCall['verb'], ask: Ask, signal: AbortSignal): Promise<T> {
    const { response, span } = await this.#open(verb, ask, signal);
    const callOff = this.#limit(span, ask);
    try {
      return (await response.body.json()) as T;
    } catch (error) {
      throw signal.aborted ? signal.reason : lost(error, ask);
    } finally {
      callOff();
      span.close();
    }
  }

  /** The server's message: from a Status object, or plain text from a proxy in between. */
  async #refusal(response: Response): Promise<KubernetesError> {
    const text = await response.body.text().catch(() => '');
    const { 'retry-after': asked } = response.headers;
    const askedMs = retryAfterMs(typeof asked === 'string' ? asked : undefined, this.#clock.now());
    const { reason, message } = recordOf(parseJson(text));
    return new KubernetesError(
      response.statusCode,
      textOf(reason),
      textOf(message) || plainText(text, response),
      {
        retryAfterMs: askedMs || undefined,
      },
    );
  }
}

const isSuccess = ({ statusCode }: Response): boolean => statusCode >= 200 && statusCode <= 299;

/** A proxy's error page may be long: its beginning is enough. */
const plainText = (text: string, response: Response): string =>
  text.trim().slice(0, 500) || response.statusText || `status ${response.statusCode}`;

async function* readLog(
  response: Response,
  call: { span: CallSpan; signal: AbortSignal; ask: Ask },
): AsyncIterable<Uint8Array> {
  try {
    yield* bytesOf(response);
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : lost(error, call.ask);
  } finally {
    call.span.abort();
    call.span.close();
  }
}

interface Page<T> extends KubernetesObject {
  readonly items: readonly T[];
  readonly metadata?: { resourceVersion?: string; continue?: string };
}

/** For example `/api/v1/namespaces/ns/pods/name/log`. */
function pathOf(target: Target): string {
  const { resource, namespace, name, subresource } = target;
  const parts = [
    ...(namespace ? ['namespaces', namespace] : []),
    resource.plural,
    ...(name ? [name] : []),
    ...(subresource ? [subresource] : []),
  ];
  return `${resource.base}/${parts.map(encodeURIComponent).join('/')}`;
}

/** Whether its response lasts: a watch, or a log that is followed. */
const isStream = ({ query }: Ask): boolean => query?.['watch'] === 'true' || query?.['follow'] === 'true';

function queryOf(query: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, value]],
  );
  return set.length === 0 ? '' : `?${new URLSearchParams(set).toString()}`;
}

const bytesOf = ({ body }: Response): AsyncIterable<Uint8Array> => body;

function lost(error: unknown, ask: Ask): KubernetesError {
  if (error instanceof KubernetesError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
  return new KubernetesError(
    0,
    'NoAnswer',
    `no answer from the API server to ${ask.method} ${pathOf(ask.target)}: ${cause}`,
    { cause: error },
  );
}

const noAnswer = (ask: Ask): string =>
  `no answer from the API server to ${ask.method} ${pathOf(ask.target)} within ${ANSWER_TIMEOUT_MS / 1000} s`;

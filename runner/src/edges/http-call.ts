import { Readable } from 'node:stream';
import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import { errorText } from '@hangar/shared/error-text';
import { readBytes } from '@hangar/shared/read-bytes';
import { type Dispatcher, request } from 'undici';
import { cutStrings } from './cut-strings.ts';

/** One request. `timeoutMs` spans connecting, sending and reading the whole answer. */
export interface HttpCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A text, or what makes one piece by piece while it is sent. */
  readonly body?: string | (() => AsyncIterable<string>);
  readonly timeoutMs: number;
  /** Longest answer that is kept, in bytes. */
  readonly limitBytes?: number;
  /** JSON strings of the answer are cut to this length, in bytes, while it is read. */
  readonly longestString?: number;
}

/** The other side answers with more than is kept. */
export class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong';
}

/**
 * What came of one try. `none`: no whole answer came; `sent` tells whether the other side may have acted on the request all
 * the same, so that a repeat may meet its own traces.
 */
export type HttpOutcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: ReadonlyMap<string, string>;
      readonly body: Buffer;
    }
  | { readonly kind: 'none'; readonly reason: string; readonly sent: boolean; readonly cause: unknown };

/** No answer of a well-behaved server comes near this: that of an update has some 500 bytes for each of at most 600 steps. */
const LIMIT_BYTES = 4 * 1024 * 1024;

/** Failures that happen before a byte of the request has left. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_INVALID_ARG',
]);

/**
 * One HTTP request, no redirects, no retry.
 *
 * @throws the reason of `signal`, and nothing else: every other trouble is an outcome
 */
export async function httpCall(
  deps: { clock: Clock; dispatcher: Dispatcher },
  call: HttpCall,
  signal?: AbortSignal,
): Promise<HttpOutcome> {
  signal?.throwIfAborted();
  const ms = call.timeoutMs;
  const late = (): Error => new Error(`no answer within ${ms / 1_000} s`);
  try {
    return await withDeadline(deps.clock, { ms, signal, late }, (limit) =>
      exchange(deps.dispatcher, call, limit),
    );
  } catch (cause) {
    signal?.throwIfAborted();
    return noAnswer(cause);
  }
}

async function exchange(dispatcher: Dispatcher, call: HttpCall, signal: AbortSignal): Promise<HttpOutcome> {
  const answer = await request(call.url, {
    method: call.method,
    headers: call.headers,
    dispatcher,
    signal,
    ...(call.body === undefined ? {} : { body: bodyOf(call.body) }),
  });
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(answer.headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers.set(name.toLowerCase(), first);
  }
  const { limitBytes = LIMIT_BYTES, longestString } = call;
  const tooLong = (): Error => new AnswerTooLong(`the answer is longer than ${limitBytes} bytes`);
  const stream = longestString === undefined ? answer.body : cutStrings(answer.body, longestString);
  const body = await readBytes(stream, limitBytes, tooLong);
  return { kind: 'answer', status: answer.statusCode, headers, body };
}

function bodyOf(body: string | (() => AsyncIterable<string>)): string | Readable {
  return typeof body === 'string' ? body : Readable.from(body(), { objectMode: false });
}

function noAnswer(cause: unknown): HttpOutcome {
  const code = codeOf(cause);
  const sent =
    !NEVER_SENT.has(code) && !code.startsWith('ERR_TLS') && !/CERT|SELF_SIGNED|UNABLE_TO/.test(code);
  return { kind: 'none', reason: reasonOf(cause, code), sent, cause };
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  if (cause instanceof AggregateError) return codeOf(cause.errors[0]);
  return codeOf(cause.cause);
}

function reasonOf(cause: unknown, code: string): string {
  const text = errorText(cause);
  return text.includes(code) ? text || code : `${text} (${code})`;
}

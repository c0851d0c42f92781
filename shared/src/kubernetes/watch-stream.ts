import type { KubernetesObject } from '@kubernetes/client-node';
import type { Clock } from '../clock.ts';
import { KubernetesError, type WatchEvent } from './cluster.ts';

/** An open watch: its bytes, its abort handle, and the maximum time without data. */
export interface OpenWatch {
  readonly body: AsyncIterable<Uint8Array>;
  readonly span: { readonly signal: AbortSignal; abort(reason?: unknown): void };
  readonly silenceMs: number;
}

/**
 * Reads the events of a watch, one JSON object per line. A stream that is silent for too long (bookmarks arrive about once a minute) counts
 * as
 * dead: a half-open connection would otherwise look like a cluster without changes for ever.
 *
 * @throws {KubernetesError} status 0 on silence or a cut; a line that is not JSON counts as a cut, since its event is unknown
 */
export async function* watchEvents<T extends KubernetesObject>(
  clock: Clock,
  watch: OpenWatch,
): AsyncIterable<WatchEvent<T>> {
  const silence = (): void =>
    watch.span.abort(
      new KubernetesError(0, 'Silence', `the watch was silent for ${watch.silenceMs / 1000} s`),
    );
  let callOff = clock.after(watch.silenceMs, silence);
  try {
    for await (const line of lines(watch.body)) {
      callOff();
      callOff = clock.after(watch.silenceMs, silence);
      yield eventOf<T>(line);
    }
  } catch (error) {
    if (watch.span.signal.aborted) throw watch.span.signal.reason;
    throw error instanceof KubernetesError
      ? error
      : new KubernetesError(0, 'NoAnswer', `the watch was cut: ${String(error)}`, { cause: error });
  } finally {
    callOff();
    watch.span.abort();
  }
}

function eventOf<T extends KubernetesObject>(line: string): WatchEvent<T> {
  const value = valueOf(line);
  if (isEvent<T>(value)) return value;
  throw new KubernetesError(0, 'Garbled', 'the watch sent something that is not an event');
}

function valueOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new KubernetesError(0, 'Garbled', 'the watch sent invalid JSON', { cause });
  }
}

function isEvent<T>(value: unknown): value is WatchEvent<T> {
  const { type, object } = Object(value) as { type?: unknown; object?: unknown };
  return typeof type === 'string' && typeof object === 'object' && object !== null;
}

async function* lines(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = pieces.pop() ?? '';
    yield* pieces.filter((piece) => piece !== '');
  }
  if (rest.trim() !== '') yield rest;
}

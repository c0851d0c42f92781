import { describe, expect, it } from 'vitest';
import { CallSpan } from '../call-span.ts';
import { FakeClock, settle } from '../testing/fake-clock.ts';
import { isKubernetesError, type WatchEvent } from './cluster.ts';
import { watchEvents } from './watch-stream.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const event = (name: string): string =>
  `${JSON.stringify({ type: 'ADDED', object: { metadata: { name } } })}\n`;

async function* chunks(...texts: readonly (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(typeof text === 'string' ? bytes(text) : text);
}

/** A stream that stays open without data after its chunks, until its span is aborted. */
async function* silent(signal: AbortSignal, ...texts: readonly string[]): AsyncIterable<Uint8Array> {
  yield* chunks(...texts);
  await new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('socket closed')), { once: true }),
  );
}

function open(body: (span: CallSpan) => AsyncIterable<Uint8Array>) {
  const clock = new FakeClock();
  const caller = new AbortController();
  const span = new CallSpan(caller.signal);
  const names: string[] = [];
  const read = async (): Promise<unknown> => {
    try {
      for await (const one of watchEvents(clock, { body: body(span), span, silenceMs: 1_000 }))
        names.push(nameOf(one));
      return 'ended';
    } catch (error) {
      return error;
    }
  };
  return { clock, caller, span, names, outcome: read() };
}

const nameOf = ({ object }: WatchEvent<{ metadata?: { name?: string } }>): string =>
  object.metadata?.name ?? '';

describe('watchEvents', () => {
  it('reads one event per line, wherever chunks are cut, in the middle of a character too', async () => {
    const whole = bytes(event('ä-pod') + event('b'));
    const pieces = Array.from(whole, (byte) => Uint8Array.of(byte));
    const { names, outcome, clock, span } = open(() => chunks(...pieces));
    expect(await outcome).toBe('ended');
    expect(names).toEqual(['ä-pod', 'b']);
    expect([clock.pending, span.signal.aborted]).toEqual([0, true]);
  });

  it('skips empty lines, and reads a last line without its line end', async () => {
    const { names, outcome } = open(() => chunks('\n', event('a'), '\n\n', event('b').trimEnd()));
    expect(await outcome).toBe('ended');
    expect(names).toEqual(['a', 'b']);
  });

  it.each([
    ['half a line', event('b').slice(0, 20)],
    ['no JSON', '<html>\n'],
    ['JSON that is no event', '{"kind":"Status"}\n'],
    ['an event without object', '{"type":"ADDED"}\n'],
    ['null', 'null\n'],
  ])('treats %s as a cut connection, after the events before it', async (_, text) => {
    const { names, outcome } = open(() => chunks(event('a'), text));
    const error = await outcome;
    expect(isKubernetesError(error, 0) && error.reason).toBe('Garbled');
    expect(names).toEqual(['a']);
  });

  it('treats silence as a dead connection, measured from the last line', async () => {
    const { clock, names, outcome } = open((span) => silent(span.signal, event('a')));
    await clock.step(999);
    expect(names).toEqual(['a']);
    await clock.step(1);
    const error = await outcome;
    expect(isKubernetesError(error, 0) && error.reason).toBe('Silence');
    expect(clock.pending).toBe(0);
  });

  it('reports a broken connection as no response', async () => {
    // biome-ignore lint/correctness/useYield: a body that breaks at once
    const { outcome } = open(async function* () {
      await Promise.resolve();
      throw new TypeError('terminated');
    });
    const error = await outcome;
    expect(isKubernetesError(error, 0) && error.message).toContain('terminated');
  });

  it('rejects with the caller’s reason when the caller aborts', async () => {
    const { caller, outcome } = open((span) => silent(span.signal));
    await settle();
    caller.abort(new Error('enough'));
    expect(await outcome).toEqual(new Error('enough'));
  });
});

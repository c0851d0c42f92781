import { type LogRefusal, type LogSource, LogSourceError } from '../../ports/log-source.ts';
import { kubeletBytes, type NodeRecord, stampText } from './node-log.ts';

type Push = { readonly bytes: Buffer } | { readonly end: 'clean' | 'broken' };

/** One open stream of the fake node. */
class FakeStream implements AsyncIterable<Uint8Array> {
  readonly #queue: Push[] = [];
  #wake: (() => void) | undefined;
  ended = false;

  push(push: Push): void {
    this.#queue.push(push);
    this.#wake?.();
  }

  end(how: 'clean' | 'broken'): void {
    this.ended = true;
    this.push({ end: how });
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const next = this.#queue.shift();
      if (!next) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('bytes' in next) yield next.bytes;
      else if (next.end === 'broken') throw new Error('connection reset');
      else return;
    }
  }
}

/** A node with one container's log: grows, breaks, rotates, refuses and dies as the test says. */
export class FakeLogSource implements LogSource {
  /** `sinceTime` of each stream that was asked for, `-` for none. */
  readonly asked: string[] = [];
  /** Why the next streams are refused; `silent`: no answer at all. */
  refusal: LogRefusal | 'silent' | undefined;
  /** What the node says at the end of a stream that it can't follow. */
  words = '';
  #records: NodeRecord[] = [];
  #streams: FakeStream[] = [];
  #terminated = false;

  /** How many streams are open. */
  get running(): number {
    return this.#running().length;
  }

  open(request: {
    readonly sinceTime?: string;
    readonly signal: AbortSignal;
  }): Promise<AsyncIterable<Uint8Array>> {
    this.asked.push(request.sinceTime ?? '-');
    if (this.refusal === 'silent') return new Promise(() => undefined);
    if (this.refusal) return Promise.reject(new LogSourceError(this.refusal, `refused: ${this.refusal}`));
    const stream = new FakeStream();
    this.#streams.push(stream);
    request.signal.addEventListener('abort', () => stream.end('broken'), { once: true });
    stream.push({ bytes: kubeletBytes(this.#records, request.sinceTime) });
    if (this.words !== '') stream.push({ bytes: Buffer.from(this.words) });
    if (this.#terminated || this.words !== '') stream.end('clean');
    return Promise.resolve(stream);
  }

  /** The container writes; `full: false` leaves the line unfinished. */
  write(stampNs: bigint, text: string, full = true): void {
    const stamp = this.#beginsLine() ? `${stampText(stampNs)} ` : '';
    this.#records.push({ stampNs, text, full });
    this.#send(Buffer.from(`${stamp}${text}${full ? '\n' : ''}`));
  }

  /** Streams get only the first bytes of what the container writes now. */
  writeTorn(stampNs: bigint, text: string, bytes: number): void {
    const stamp = this.#beginsLine() ? `${stampText(stampNs)} ` : '';
    this.#records.push({ stampNs, text, full: true });
    this.#send(Buffer.from(`${stamp}${text}\n`).subarray(0, bytes));
  }

  /** All streams end. */
  break(how: 'clean' | 'broken'): void {
    for (const stream of this.#running()) stream.end(how);
  }

  /** Streams stay open, but nothing more comes: connections that died without a word. */
  lose(): void {
    this.#streams = [];
  }

  /** The node begins a new file. */
  rotate(): void {
    this.#records = [];
  }

  /** The container ends, and with it each stream. */
  terminate(): void {
    this.#terminated = true;
    this.break('clean');
  }

  #beginsLine(): boolean {
    const last = this.#records.at(-1);
    return !last || last.full || last.text === '';
  }

  #send(bytes: Buffer): void {
    for (const stream of this.#running()) stream.push({ bytes });
  }

  #running(): FakeStream[] {
    return this.#streams.filter((stream) => !stream.ended);
  }
}

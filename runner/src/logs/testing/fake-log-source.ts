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

/** A node with one container's log, which the test makes grow, break, rotate, refuse and end. */
export class FakeLogSource implements LogSource {
  /** `sinceTime` of each requested stream, `-` for none. */
  readonly requests: string[] = [];
  /** Why the next streams are refused; `silent`: no answer at all. */
  refusal: LogRefusal | 'silent' | undefined;
  /** The message of the node at the end of a stream that it can't follow. */
  message = '';
  /** The message of the node in place of the log. */
  undelivered = '';
  #records: NodeRecord[] = [];
  #streams: FakeStream[] = [];
  #terminated = false;

  /** Number of open streams. */
  get running(): number {
    return this.#running().length;
  }

  open(request: {
    readonly sinceTime?: string;
    readonly signal: AbortSignal;
  }): Promise<AsyncIterable<Uint8Array>> {
    this.requests.push(request.sinceTime ?? '-');
    if (this.refusal === 'silent') return new Promise(() => undefined);
    if (this.refusal) return Promise.reject(new LogSourceError(this.refusal, `refused: ${this.refusal}`));
    const stream = new FakeStream();
    this.#streams.push(stream);
    request.signal.addEventListener('abort', () => stream.end('broken'), { once: true });
    if (this.undelivered !== '') {
      stream.push({ bytes: Buffer.from(this.undelivered) });
      stream.end('clean');
      return Promise.resolve(stream);
    }
    stream.push({ bytes: kubeletBytes(this.#records, request.sinceTime) });
    if (this.message !== '') stream.push({ bytes: Buffer.from(this.message) });
    if (this.#terminated || this.message !== '') stream.end('clean');
    return Promise.resolve(stream);
  }

  /** Appends a line of the container; `full: false` leaves it unfinished. */
  write(stampNs: bigint, text: string, full = true): void {
    const stamp = this.#beginsLine() ? `${stampText(stampNs)} ` : '';
    this.#records.push({ stampNs, text, full });
    this.#send(Buffer.from(`${stamp}${text}${full ? '\n' : ''}`));
  }

  /** Streams get only the first bytes of the container's next output. */
  writeTorn(stampNs: bigint, text: string, bytes: number): void {
    const stamp = this.#beginsLine() ? `${stampText(stampNs)} ` : '';
    this.#records.push({ stampNs, text, full: true });
    this.#send(Buffer.from(`${stamp}${text}\n`).subarray(0, bytes));
  }

  /** Ends all streams. */
  break(how: 'clean' | 'broken'): void {
    for (const stream of this.#running()) stream.end(how);
  }

  /** Streams stay open without data, like silently lost connections. */
  lose(): void {
    this.#streams = [];
  }

  /** Starts a new file, as the node does when it rotates the log. */
  rotate(): void {
    this.#records = [];
  }

  /** Ends the container, and with it each stream. */
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

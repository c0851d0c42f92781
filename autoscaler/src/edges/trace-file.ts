import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorText } from '@hangar/shared/error-text';
import type { Trace } from '../trace/gather.ts';
import { TraceGatherer } from '../trace/gather.ts';

/** A longer line can't be a job; it is cut, so that a file without line ends can't exhaust memory. */
const LONGEST_LINE = 1 << 20;
const GZIP = Buffer.from([0x1f, 0x8b]);

type Chunks = AsyncIterator<Buffer>;

/** The first bytes, which identify a compressed file. Read from the stream itself: a pipe can be read only once. */
async function beginningOf(chunks: Chunks): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  while (bytes.length < GZIP.length) {
    const next = await chunks.next();
    if (next.done === true) break;
    bytes = Buffer.concat([bytes, next.value]);
  }
  return bytes;
}

async function* joined(beginning: Buffer, rest: Chunks): AsyncGenerator<Buffer> {
  yield beginning;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** Decompresses a stream; errors of the inner stream are passed to the reader of the outer one. */
function unpacked(packed: AsyncGenerator<Buffer>): Readable {
  const gunzip = createGunzip();
  const source = Readable.from(packed);
  source.on('error', (error) => gunzip.destroy(error));
  return source.pipe(gunzip);
}

/** Passes whole lines to the gatherer, including a last line without a line end. */
async function takeLines(chunks: AsyncIterable<Buffer>, gatherer: TraceGatherer): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of chunks) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
      for (const line of lines) gatherer.take(line);
    }
  } catch (error) {
    const why = errorText(error);
    gatherer.damaged(`the file is truncated after this line (${why}); the lines before it are used`);
    return;
  }
  gatherer.take(rest + decoder.decode());
}

/** The conventional command-line name of standard input. */
const STANDARD_INPUT = '-';

/**
 * Reads a trace, compressed or not, whatever its file name. A truncated file returns what was read before the truncation, and a
 * problem that reports it.
 *
 * @param path of a file or a pipe; `-` is `input`
 * @throws the system's error when it can't be opened
 */
export async function readTraceFile(path: string, input: Readable = process.stdin): Promise<Trace> {
  const source = path === STANDARD_INPUT ? input : createReadStream(path);
  const gatherer = new TraceGatherer();
  try {
    const chunks: Chunks = source[Symbol.asyncIterator]();
    const beginning = await beginningOf(chunks);
    const isPacked = beginning.subarray(0, GZIP.length).equals(GZIP);
    const whole = joined(beginning, chunks);
    await takeLines(isPacked ? unpacked(whole) : whole, gatherer);
  } finally {
    source.destroy();
  }
  return gatherer.done();
}

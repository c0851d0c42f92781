import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Trace } from '../trace/gather.ts';
import { TraceGatherer } from '../trace/gather.ts';

/** A line longer than this is no job; it is cut, so that a file without line ends can't fill the memory. */
const LONGEST_LINE = 1 << 20;

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** An error of the inner stream reaches whoever reads the outer one. */
function unpacked(source: Readable): Readable {
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  return source.pipe(gunzip);
}

/** Feeds whole lines to the gatherer, the last one also without a line end. */
async function takeLines(stream: Readable, gatherer: TraceGatherer): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
      rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
      for (const line of lines) gatherer.take(line);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    gatherer.damaged(`the file breaks off after this line (${why}); what came before it counts`);
    return;
  }
  gatherer.take(rest + decoder.decode());
}

/**
 * Reads a trace file, packed or not, whatever it is called. A file that breaks off gives what came before the break, and a
 * problem that says so.
 *
 * @throws the system's error when the file can't be opened
 */
export async function readTraceFile(path: string): Promise<Trace> {
  const packed = await isGzip(path);
  const source = createReadStream(path);
  const gatherer = new TraceGatherer();
  await takeLines(packed ? unpacked(source) : source, gatherer);
  return gatherer.done();
}

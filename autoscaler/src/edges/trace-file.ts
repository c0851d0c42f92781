import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Trace } from '../trace/gather.ts';
import { TraceGatherer } from '../trace/gather.ts';

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** Errors of the inner stream reach the reader of the outer one. */
function unpacked(source: Readable): Readable {
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  return source.pipe(gunzip);
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
  const stream = packed ? unpacked(source) : source;
  const gatherer = new TraceGatherer();
  let broken: Error | undefined;
  stream.on('error', (error: Error) => {
    broken = error;
    lines.close();
  });
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  for await (const line of lines) gatherer.take(line);
  if (broken !== undefined)
    gatherer.damaged(`the file breaks off here (${broken.message}); what came before it counts`);
  return gatherer.done();
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateLoad } from '../trace/generate.ts';
import { formatTraceLine } from '../trace/trace-line.ts';
import { readTraceFile } from './trace-file.ts';

const jobs = generateLoad({ load: 'table-like', seed: 1, days: 1, prsPerDay: 100 });
const text = `${jobs.map(formatTraceLine).join('\n')}\n`;

describe('readTraceFile', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hangar-trace-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const written = async (content: string | Buffer): Promise<string> => {
    const path = join(folder, 'trace');
    await writeFile(path, content);
    return path;
  };

  it('reads plain and compressed files', async () => {
    expect((await readTraceFile(await written(text))).jobs).toEqual(jobs);
    expect((await readTraceFile(await written(gzipSync(text)))).jobs).toEqual(jobs);
  });

  it.each([
    ['plain', Buffer.from(text)],
    ['compressed', gzipSync(text)],
  ])('reads standard input too, %s, in chunks of any size', async (_how, bytes) => {
    const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 2), bytes.subarray(2, 700), bytes.subarray(700)];

    expect((await readTraceFile('-', Readable.from(pieces))).jobs).toEqual(jobs);
  });

  it('accepts a byte order mark and CRLF line ends', async () => {
    const marked = `\ufeff${text.replaceAll('\n', '\r\n')}`;

    expect(await readTraceFile(await written(marked))).toMatchObject({ jobs, problemCount: 0 });
  });

  it('keeps what was read before a truncation, and reports that the file is truncated', async () => {
    const packed = gzipSync(text);
    const { jobs: kept, problems } = await readTraceFile(
      await written(packed.subarray(0, packed.length / 2)),
    );

    expect(kept.length).toBeLessThan(jobs.length);
    expect(problems.at(-1)?.problem).toContain('is truncated');
  });

  it('reads an empty file as an empty trace', async () => {
    const nothing = { jobs: [], lines: [], problems: [], problemCount: 0, otherLines: [] };
    expect(await readTraceFile(await written(''))).toEqual(nothing);
    expect(await readTraceFile(await written(gzipSync('')))).toEqual(nothing);
  });

  it('throws when there is no file', async () => {
    await expect(readTraceFile(join(folder, 'nothing'))).rejects.toThrow('ENOENT');
  });
});

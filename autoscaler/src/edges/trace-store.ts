import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile, mkdir, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { errorText } from '@hangar/shared/error-text';
import { formatRecord, parseRecord, type TraceRecord } from '../trace/pod-record.ts';
import type { LoadedRecords, TraceMemory } from '../trace/trace-memory.ts';

/** The folder of the traces, and how long they are kept. */
export interface TraceStoreOptions {
  readonly folder: string;
  /** Older files are removed. */
  readonly retentionMs: number;
  /** Limit of the records that are read back; older ones stay on the disk. */
  readonly mostRecords: number;
}

const LONGEST_LINE = 65_536;
const FILE = /^trace-(\d{4}-\d\d-\d\d)\.jsonl(\.gz)?$/;

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

interface ReadBack {
  readonly records: readonly TraceRecord[];
  /** The problem with the file; empty: none. */
  readonly problem: string;
}

/** Decompresses a stream; errors of the inner stream are passed to the reader of the outer one. */
function unpacked(source: Readable): Readable {
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  return source.pipe(gunzip);
}

/** Passes each line to `take`, cut where it is too long to be valid. @returns why the stream is truncated; empty: it isn't */
async function eachLine(stream: Readable, take: (text: string) => void): Promise<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
      rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
      for (const line of lines) take(line);
    }
  } catch (error) {
    return `it is truncated (${errorText(error)})`;
  }
  take(rest + decoder.decode());
  return '';
}

/** Creates a folder and its parents. With `recursive: true`, Node's `mkdir` never returns for a folder in /proc (measured, Node 24.21). */
async function makeFolder(path: string): Promise<void> {
  if (await makeBelowParent(path)) return;
  await makeFolder(dirname(path));
  if (!(await makeBelowParent(path))) throw new Error(`${path} cannot be created`);
}

/** @returns false if the parent does not exist */
async function makeBelowParent(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return true;
    if (code === 'ENOENT' && dirname(path) !== path) return false;
    throw error;
  }
}

/**
 * One file per day, `trace-2026-01-31.jsonl`, by the day on which Pods ended; files of earlier days are compressed (`.gz`), and
 * removed when they are old. A damaged file is moved to `damaged/`, and its readable lines are written to a new file in its place.
 */
export class TraceStore implements TraceMemory {
  readonly #options: TraceStoreOptions;
  #today = '';

  constructor(options: TraceStoreOptions) {
    this.#options = options;
  }

  async load(nowMs: number): Promise<LoadedRecords> {
    const problems: string[] = [];
    try {
      await makeFolder(this.#options.folder);
      await this.#tidy(nowMs);
      const names = (await readdir(this.#options.folder)).filter((name) => FILE.test(name)).sort();
      const records: TraceRecord[] = [];
      for (const name of names.reverse()) {
        if (records.length >= this.#options.mostRecords) break;
        const { records: found, problem } = await this.#read(name);
        records.unshift(...found.slice(records.length - this.#options.mostRecords));
        if (problem !== '') problems.push(await this.#setAside(name, found, problem));
      }
      return { records, problems };
    } catch (error) {
      const cure = 'Check that HANGAR_AUTOSCALER_DATA_DIR is a directory that this process can write to';
      return {
        records: [],
        problems: [...problems, `the trace cannot be read: ${errorText(error)}. ${cure}`],
      };
    }
  }

  async append(records: readonly TraceRecord[], nowMs: number): Promise<void> {
    if (this.#today !== dayOf(nowMs)) await this.#tidy(nowMs);
    if (records.length === 0) return;
    const text = records.map((record) => `${formatRecord(record)}\n`).join('');
    await appendFile(join(this.#options.folder, `trace-${this.#today}.jsonl`), text);
  }

  /** On a new day: compresses files of earlier days and removes old ones. */
  async #tidy(nowMs: number): Promise<void> {
    this.#today = dayOf(nowMs);
    const oldest = dayOf(nowMs - this.#options.retentionMs);
    for (const name of await readdir(this.#options.folder)) {
      const [, day, packed] = FILE.exec(name) ?? [];
      if (day === undefined) continue;
      if (day < oldest) await unlink(join(this.#options.folder, name));
      else if (packed === undefined && day < this.#today) await this.#pack(name);
    }
  }

  async #pack(name: string): Promise<void> {
    const path = join(this.#options.folder, name);
    // Written to another file and renamed: a crash leaves the original unchanged.
    await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.part`));
    await rename(`${path}.part`, `${path}.gz`);
    await unlink(path);
  }

  async #read(name: string): Promise<ReadBack> {
    const source = createReadStream(join(this.#options.folder, name));
    const records: TraceRecord[] = [];
    const wrong: string[] = [];
    let line = 0;
    const take = (text: string): void => {
      line += 1;
      const record = parseRecord(text, line);
      if (record === undefined) return;
      if ('problem' in record) wrong.push(`line ${line}: ${record.problem}`);
      else records.push(record);
    };
    const broken = await eachLine(name.endsWith('.gz') ? unpacked(source) : source, take);
    const first = wrong[0] === undefined ? '' : `${wrong.length} damaged lines, the first is ${wrong[0]}`;
    return { records, problem: [first, broken].filter(Boolean).join('; ') };
  }

  async #setAside(name: string, good: readonly TraceRecord[], problem: string): Promise<string> {
    const { folder } = this.#options;
    const aside = join(folder, 'damaged', name);
    try {
      await makeFolder(join(folder, 'damaged'));
      await rename(join(folder, name), aside);
      const plain = name.replace(/\.gz$/, '');
      await writeFile(join(folder, plain), good.map((record) => `${formatRecord(record)}\n`).join(''));
      return `${name} was damaged and moved to ${aside} (${problem}); its ${good.length} valid lines are used`;
    } catch (error) {
      return `${name} is damaged (${problem}) and cannot be moved aside: ${errorText(error)}; its ${good.length} valid lines are used`;
    }
  }
}

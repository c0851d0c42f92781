import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import type { CellRun } from './cell.ts';
import type { Contender } from './contenders.ts';

const ROOT = new URL('../../../../', import.meta.url);
/** What every cell depends on. */
const COMMON = [
  'autoscaler/src/simulate',
  'autoscaler/src/trace/generate.ts',
  'autoscaler/src/trace/daily-profile.ts',
  'autoscaler/src/replay/replay.ts',
  'testbed/bench/capacity/cost/cell.ts',
  'testbed/bench/capacity/cost/traces.ts',
];

/** Remembers cells by the content of all sources that decide them, so that only what changed is played again. */
export class CellCache {
  readonly #folder: string;
  readonly #hashes = new Map<string, Promise<string>>();

  /** @param folder absolute; made when missing, and should outlive the clone: all cells take more than an hour */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The cell, from an earlier run where nothing changed since. */
  async cell(
    contender: Contender,
    names: readonly (string | number)[],
    play: () => CellRun,
  ): Promise<CellRun> {
    const file = `${this.#folder}/${await this.#keyOf(contender, names)}.json`;
    const known = await readFile(file, 'utf8').catch(() => undefined);
    if (known !== undefined) return JSON.parse(known) as CellRun;
    const played = play();
    await mkdir(this.#folder, { recursive: true });
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, JSON.stringify(played));
    await rename(draft, file);
    return played;
  }

  async #keyOf({ sources, name }: Contender, names: readonly (string | number)[]): Promise<string> {
    const contents = await Promise.all([...COMMON, ...sources].map((path) => this.#hash(path)));
    return createHash('sha256')
      .update(JSON.stringify([contents, name, names]))
      .digest('hex');
  }

  #hash(path: string): Promise<string> {
    const known = this.#hashes.get(path) ?? hashOf(path);
    this.#hashes.set(path, known);
    return known;
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await filesOf(path)) hash.update(file).update(await readFile(new URL(file, ROOT)));
  return hash.digest('hex');
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (path.endsWith('.ts')) return [path];
  const entries = await readdir(new URL(path, ROOT), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => `${entry.parentPath}/${entry.name}`.replace(ROOT.pathname, ''))
    .sort();
}

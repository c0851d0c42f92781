import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files generated from code: path below the repository's root → its text. */
export type Documents = Readonly<Record<string, () => string>>;

/** The generated files, and the folders that may contain only those. */
export interface Generated {
  readonly documents: Documents;
  /** Folder → file name ending: other files there with this ending are left-overs. */
  readonly folders?: Readonly<Record<string, string>>;
}

function orNothing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Paths of documents whose file is missing or out of date. */
export function staleDocuments(root: string, documents: Documents): readonly string[] {
  return Object.entries(documents)
    .filter(([path, render]) => orNothing(() => readFileSync(join(root, path), 'utf8')) !== render())
    .map(([path]) => path);
}

function leftOvers(root: string, { documents, folders = {} }: Generated): readonly string[] {
  return Object.entries(folders).flatMap(([folder, ending]) =>
    (orNothing(() => readdirSync(join(root, folder))) ?? [])
      .filter((name) => name.endsWith(ending))
      .map((name) => `${folder}/${name}`)
      .filter((path) => !Object.hasOwn(documents, path)),
  );
}

/** Writes a file and creates its parent folders. */
export function writeDocument(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/**
 * Writes out-of-date files and removes left-over ones; with `--check` only reports them on standard error.
 *
 * @param root the repository's root
 * @param args command line arguments
 * @returns exit code: 1 if `--check` found a difference
 */
export function generate(root: string, generated: Generated, args: readonly string[]): 0 | 1 {
  const stale = staleDocuments(root, generated.documents);
  const extra = leftOvers(root, generated);
  if (args.includes('--check')) {
    const wrong = [
      ...stale.map((path) => `${path} is stale`),
      ...extra.map((path) => `${path} is a left-over`),
    ];
    for (const text of wrong) process.stderr.write(`${text}: run "npm run generate" and commit it\n`);
    return wrong.length > 0 ? 1 : 0;
  }
  for (const path of extra) rmSync(join(root, path));
  for (const path of stale) {
    writeDocument(join(root, path), generated.documents[path]?.() ?? '');
    process.stdout.write(`${path} written\n`);
  }
  return 0;
}

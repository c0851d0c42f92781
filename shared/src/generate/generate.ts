import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files that are made from code: path below the clone's root → its text. */
export type Documents = Readonly<Record<string, () => string>>;

/** What is made, and where nothing else may lie. */
export interface Generated {
  readonly documents: Documents;
  /** Folder → ending: other files there that end so are left-overs. */
  readonly folders?: Readonly<Record<string, string>>;
}

function orNothing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Paths of documents whose file is missing or is not what the code makes. */
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

/** Writes a file and the folders that it needs. */
export function writeDocument(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/**
 * Writes what is stale and removes what is left over; with `--check` only tells so, on standard error.
 *
 * @param root the clone's root
 * @param args the command line's words
 * @returns exit code: 1 when `--check` found something
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

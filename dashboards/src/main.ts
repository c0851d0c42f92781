import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DOCUMENTS, FOLDERS } from './documents.ts';

/** Writes boards, rules and runbooks (boards into `dist` too); with `--check` only tells which are stale, and exits 1. */
const root = join(import.meta.dirname, '../..');
const dist = join(import.meta.dirname, '../dist');

function list(folder: string): readonly string[] {
  try {
    return readdirSync(join(root, folder));
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const leftOver = Object.entries(FOLDERS).flatMap(([folder, ending]) =>
  list(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`)
    .filter((path) => !Object.hasOwn(DOCUMENTS, path)),
);
const stale = Object.entries(DOCUMENTS).filter(([path, render]) => read(path) !== render());

if (process.argv.includes('--check')) {
  const wrong = [
    ...stale.map(([path]) => `${path} is stale`),
    ...leftOver.map((path) => `${path} is a left-over`),
  ];
  for (const text of wrong) process.stderr.write(`${text}: run "npm run generate" and commit it\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
} else {
  for (const path of leftOver) rmSync(join(root, path));
  for (const [path, render] of stale) {
    write(join(root, path), render());
    process.stdout.write(`${path} written\n`);
  }
  for (const [path, render] of Object.entries(DOCUMENTS))
    if (path.endsWith('.json')) write(join(dist, basename(path)), render());
}

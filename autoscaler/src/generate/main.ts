import { readFileSync, writeFileSync } from 'node:fs';
import { DOCUMENTS } from './documents.ts';

/** Writes the documents that are made from the code of this package; with `--check` only tells which are stale, and exits 1. */
const check = process.argv.includes('--check');
for (const [path, render] of Object.entries(DOCUMENTS)) {
  const file = new URL(`../../../${path}`, import.meta.url);
  if (!check) {
    writeFileSync(file, render());
    process.stdout.write(`${path} written\n`);
  } else if (readFileSync(file, 'utf8') !== render()) {
    process.stderr.write(`${path} is stale: run "npm run generate"\n`);
    process.exitCode = 1;
  }
}

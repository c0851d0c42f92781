import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DOCUMENTS, staleDocuments } from './documents.ts';

/** `npm run generate`: writes the files of the chart that are made from the code; with `--check` only says which are stale. */

const root = new URL('../../', import.meta.url);
const pathOf = (document: string): string => fileURLToPath(new URL(document, root));

function read(document: string): string | undefined {
  try {
    return readFileSync(pathOf(document), 'utf8');
  } catch {
    return undefined;
  }
}

const stale = staleDocuments(read);
const check = process.argv.includes('--check');
for (const document of stale) {
  if (check) {
    process.stderr.write(`${document} is stale: run "npm run generate" and commit it\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(pathOf(document)), { recursive: true });
    writeFileSync(pathOf(document), DOCUMENTS[document]?.() ?? '');
    process.stdout.write(`${document} written\n`);
  }
}

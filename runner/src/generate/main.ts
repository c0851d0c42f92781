import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DOCUMENTS, staleDocuments } from './documents.ts';

/** `npm run generate`: writes the documents that are made from the code; with `--check` only says which are stale. */

const root = new URL('../../../', import.meta.url);
const pathOf = (document: string): string => fileURLToPath(new URL(document, root));

function read(document: string): string | undefined {
  try {
    return readFileSync(pathOf(document), 'utf8');
  } catch {
    return undefined;
  }
}

const stale = staleDocuments(read);
if (process.argv.includes('--check')) {
  for (const document of stale)
    process.stderr.write(`${document} is stale: run "npm run generate" and commit it\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const document of stale) {
    mkdirSync(dirname(pathOf(document)), { recursive: true });
    writeFileSync(pathOf(document), DOCUMENTS[document]?.() ?? '');
    process.stdout.write(`${document} written\n`);
  }
}

import { basename, join } from 'node:path';
import { generate, writeDocument } from '@hangar/shared/generate';
import { DOCUMENTS, FOLDERS } from './documents.ts';

/** Writes boards, rules and runbooks; `--check` only reports which are stale. The boards are also written to `dist`, for manual import. */
const args = process.argv.slice(2);
process.exitCode = generate(
  join(import.meta.dirname, '../..'),
  { documents: DOCUMENTS, folders: FOLDERS },
  args,
);
if (!args.includes('--check'))
  for (const [path, render] of Object.entries(DOCUMENTS))
    if (path.endsWith('.json')) writeDocument(join(import.meta.dirname, '../dist', basename(path)), render());

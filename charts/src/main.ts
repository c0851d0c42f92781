import { join } from 'node:path';
import { generate } from '@hangar/shared/generate';
import { DOCUMENTS } from './documents.ts';

/** `npm run generate`: writes the generated files of the chart; `--check` only reports which are stale. */
process.exitCode = generate(
  join(import.meta.dirname, '../..'),
  { documents: DOCUMENTS },
  process.argv.slice(2),
);

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '@hangar/shared/generate';
import { renderConformance } from './conformance.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const files = globSync('{shared,runner,autoscaler,dashboards,charts,testbed}/**/*.{ts,go}', {
  cwd: ROOT,
  exclude: ['**/node_modules', '**/dist', 'testbed/suites/docs/c{itations,onformance}*'],
})
  .sort()
  .map((path) => ({ path, text: read(path) }));

/** `npm run generate`: writes the table; `--check` only reports whether it is stale. */
process.exitCode = generate(
  ROOT,
  {
    documents: {
      'docs/reference/conformance.md': () =>
        renderConformance({
          rules: read('docs/reference/previous-runner.md'),
          issues: read('docs/known-issues.md'),
          files,
        }),
    },
  },
  process.argv.slice(2),
);

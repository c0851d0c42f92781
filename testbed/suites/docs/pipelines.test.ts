import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, type CommandResult } from '../../parts/real/command.ts';
import { blocksOf } from './blocks.ts';
import { PAGES, ROOT, readDocument } from './pages.ts';

const RUNNER = ['--conditions=source', join(ROOT, 'runner/src/main.ts')];

const PIPELINES = PAGES.flatMap((page) =>
  blocksOf(readDocument(page)).flatMap(({ mark, text, line }) =>
    mark?.kind === 'pipeline' ? [{ place: `${page}:${line}`, text, trusted: mark.trusted }] : [],
  ),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hangar-docs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `hangar-runner lint` or `compile`, as a person types it. */
function runner(command: 'lint' | 'compile', trusted: boolean, text: string): Promise<CommandResult> {
  const file = join(folder, 'pipeline.yml');
  writeFileSync(file, text);
  return attempt(process.execPath, [...RUNNER, command, ...(trusted ? ['--repo-trusted'] : []), file]);
}

describe('pipelines in the documents', () => {
  it('are there', () => {
    expect(PIPELINES.map(({ place }) => place.split(':')[0])).toContain('docs/pipelines.md');
  });

  it.each(PIPELINES)(
    '$place passes the linter without a warning, and is compiled',
    async ({ text, trusted }) => {
      const linted = await runner('lint', trusted, text);
      expect(linted).toMatchObject({ exitCode: 0, stdout: '' });

      const compiled = await runner('compile', trusted, text);
      expect(compiled, compiled.stderr).toMatchObject({ exitCode: 0 });
      expect(compiled.stdout).toContain('kind: Pod');
    },
    60_000,
  );

  it.each(PIPELINES.filter(({ trusted }) => trusted))(
    '$place is really for trusted repositories alone',
    async ({ text }) => {
      expect((await runner('lint', false, text)).exitCode).toBe(1);
    },
    60_000,
  );
});

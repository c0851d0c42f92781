import { EXIT, EXIT_MEANING, type Exit } from '@hangar/shared/program/exit-codes';
import { expect, it } from 'vitest';
import { readDocument } from './pages.ts';

it('docs/operations.md lists the exit codes as the programs do', () => {
  const rows = (Object.keys(EXIT) as Exit[]).map((exit) => `| ${EXIT[exit]} | ${EXIT_MEANING[exit]} |`);
  const [, section = ''] = /### Exit codes\n([^]*?)\n###/.exec(readDocument('docs/operations.md')) ?? [];

  expect(section.split('\n').filter((line) => /^\| \d/.test(line))).toEqual(rows);
});

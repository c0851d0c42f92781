import { describe, expect, it } from 'vitest';
import { type Block, blocksOf } from './blocks.ts';
import { PAGES, readDocument } from './pages.ts';
import { commandsOf, runPage } from './run-page.ts';

const COMMANDS: ReadonlySet<string> = new Set(['sh', 'bash', 'console', 'shell']);
const CHECKED: ReadonlySet<string> = new Set(['yaml', 'yml']);
const LAST_MS = 60_000;

/** Why a block's mark is not enough; undefined: it is. */
function lack({ language, mark, line }: Block): string | undefined {
  const kind = mark?.kind;
  if (COMMANDS.has(language) && kind !== 'run' && kind !== 'not run')
    return `line ${line}: say <!-- run: here -->, <!-- run: real --> or <!-- not run: why --> before it`;
  if (CHECKED.has(language) && (kind === undefined || kind === 'run' || kind === 'not run'))
    return `line ${line}: say <!-- pipeline -->, <!-- values -->, <!-- file: NAME --> or <!-- not checked: why --> before it`;
  return undefined;
}

const lacking = (page: string): readonly string[] => blocksOf(page).flatMap((block) => lack(block) ?? []);

describe.each(PAGES)('%s', (page) => {
  it('marks each block of commands as run by a test, or with the reason why not', () => {
    expect(lacking(readDocument(page))).toEqual([]);
  });
});

describe('the rule above', () => {
  it.each([
    ['unmarked commands', '```sh\nx\n```', 1],
    ['commands with a mark that is none', '<!-- run: there -->\n```sh\nx\n```', 1],
    ['commands that are run', '<!-- run: here -->\n```sh\nx\n```', 0],
    ['commands that are not, without a reason', '<!-- not run -->\n```sh\nx\n```', 1],
    ['unmarked YAML', '```yaml\nx\n```', 1],
    ['a pipeline', '<!-- pipeline -->\n```yaml\nx\n```', 0],
    ['anything else', '```text\nx\n```', 0],
  ])('takes %s', (_, page, problems) => {
    expect(lacking(page)).toHaveLength(problems);
  });
});

describe('commands that need no cluster', () => {
  const pages = PAGES.filter((page) => commandsOf(page, 'here').length > 0);

  it('are there', () => {
    expect(pages).toContain('README.md');
  });

  it.each(pages)(
    'of %s work as written',
    async (page) => {
      await runPage(page, 'here', LAST_MS);
    },
    3 * LAST_MS,
  );
});

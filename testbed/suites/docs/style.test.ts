import { describe, expect, it } from 'vitest';
import { PAGES, readDocument } from './pages.ts';
import { styleProblems, styleRules } from './style.ts';
import { goLiteralsOf, literalsOf, markupText, proseOf } from './style-texts.ts';

const PAGE = ['', '| instead of | write |', '| --- | --- |', '| says, goes on | reports |', '', 'More.'].join(
  '\n',
);
const rules = styleRules(PAGE);

describe('docs/STYLE.md', () => {
  it('has a table of words, each with a replacement', () => {
    const all = styleRules(readDocument('docs/STYLE.md'));
    expect(all.length).toBeGreaterThan(40);
    expect(all.filter(({ words, instead }) => words === '' || instead === '')).toEqual([]);
  });
});

describe('each page of docs', () => {
  const pages = PAGES.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');

  it.each(pages)('%s leads back to the index', (page) => {
    expect(readDocument(page)).toContain('(README.md)');
  });

  it.each(pages.filter((page) => page !== 'docs/STYLE.md'))('%s is in the index', (page) => {
    expect(readDocument('docs/README.md')).toContain(`(${page.replace('docs/', '')}`);
  });
});

describe('words to replace', () => {
  it.each([
    ['a word of the list', 'The log says why.', ['a.md:1: "says": write reports (docs/STYLE.md)']],
    ['in any case', 'Says why.', ['a.md:1: "Says": write reports (docs/STYLE.md)']],
    [
      'several words over a line break, at the line of the first one',
      'One.\nIt goes\non.',
      ['a.md:2: "goes on": write reports (docs/STYLE.md)'],
    ],
    ['but not a part of a word', 'Hearsays and says-so.', []],
    ['nor words that are not next to each other', 'It goes away and on.', []],
  ])('are found: %s', (_, text, want) => {
    expect(styleProblems(proseOf('a.md', text), rules)).toEqual(want);
  });

  it.each([
    ['in a paragraph', 'It says.', 1],
    ['in the text of a link', '[It says](a.md)', 1],
    ['not in its address', '[It](says.md)', 0],
    ['not in a code span', '`it says`', 0],
    ['not in a code block', '```sh\nit says\n```', 0],
    ['not in a comment', '<!-- run: here; says: x -->', 0],
  ])('of Markdown are read %s', (_, text, want) => {
    expect(styleProblems(proseOf('a.md', text), rules)).toHaveLength(want);
  });

  it.each([
    ['in a literal', "const a = 'the log says why';", 1],
    ['in a template, around what is inserted', '`the ${log} says why`', 1],
    ['not in a single word, which may be a key', "const a = 'says';", 0],
    ['not in an import', "import a from 'it says why';", 0],
    ['not in a comment', '// the log says why', 0],
    ['not in a name', 'const says = 1;', 0],
  ])('of a source are read %s', (_, source, want) => {
    expect(styleProblems(literalsOf('a.ts', source), rules)).toHaveLength(want);
  });

  it.each([
    ['in a string', 'text := "the log says why"', 1],
    ['in each of several', 'fail("it says", "he says")', 2],
    ['not in a single word, which may be a key', 'text := "says"', 0],
    ['not in a comment', '// "the log says why"', 0],
    ['not in a code span', 'text := "see `it says`"', 0],
  ])('of a Go source are read %s', (_, source, want) => {
    expect(styleProblems(goLiteralsOf('a.go', source), rules)).toHaveLength(want);
  });

  it.each([
    ['between tags', '<p>it says</p>', 1],
    ['not in attributes', '<p class="says">it</p>', 0],
    ['not in a template’s actions', '{{ says }} it', 0],
  ])('of a web page are read %s', (_, page, want) => {
    expect(styleProblems(markupText('a.html', page), rules)).toHaveLength(want);
  });
});

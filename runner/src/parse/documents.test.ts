import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SourceDocument, splitDocuments } from './documents.ts';
import { parseYamlTree } from './yaml-tree.ts';

/** The rules of previous-runner §3.1, one line after the other. */
function byLines(text: string): readonly SourceDocument[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const documents = [{ text: '', firstLine: 1 }];
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('...')) break;
    if (line.startsWith('---')) documents.push({ text: '', firstLine: index + 2 });
    else (documents.at(-1) ?? { text: '' }).text += index === lines.length - 1 ? line : `${line}\n`;
  }
  return documents;
}

describe('splitDocuments', () => {
  it('starts a document at each line that starts with three dashes, and drops the rest of that line', () => {
    expect(splitDocuments('a: 1\n--- # next\nb: 2\n----\nc: 3\n')).toEqual([
      { text: 'a: 1\n', firstLine: 1 },
      { text: 'b: 2\n', firstLine: 3 },
      { text: 'c: 3\n', firstLine: 5 },
    ]);
  });

  it('treats indented dashes as text', () => {
    expect(splitDocuments('a: |\n  ---\n --- x')).toEqual([{ text: 'a: |\n  ---\n --- x', firstLine: 1 }]);
  });

  it('ends at a line that starts with three dots', () => {
    expect(splitDocuments('a: 1\n... end\n---\nb: 2').map(({ text }) => text)).toEqual(['a: 1\n']);
  });

  it.each(['---\nb: 1\n', '...\n', ''])(
    'keeps all line breaks of a block of text that is followed by %j',
    (next) => {
      const [document] = splitDocuments(`a: |+\n  x\n\n${next}`);
      expect(document && parseYamlTree(document)).toMatchObject({ entries: [[{}, { text: 'x\n\n' }]] });
    },
  );

  it('drops the carriage return of each line', () => {
    expect(splitDocuments('a: 1\r\n---\r\nb: 2\r\n').map(({ text }) => text)).toEqual(['a: 1\n', 'b: 2\n']);
  });

  it('known issue 43: keeps lines of 64 KiB and more, and the lines after them', () => {
    const long = `a: ${'x'.repeat(200_000)}`;

    expect(splitDocuments(`${long}\n---\nb: 2`).map(({ text }) => text)).toEqual([`${long}\n`, 'b: 2']);
  });

  it('splits any text as reading it line by line would', () => {
    const text = fc
      .array(fc.constantFrom('---', '...', '-', '.', '\n', '\n', '\r', 'a', ' ', '\u2028'), { maxLength: 20 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (text) => {
        expect(splitDocuments(text)).toEqual(byLines(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it('refuses more documents than any server accepts from one file', () => {
    expect(splitDocuments('---\n'.repeat(999))).toHaveLength(1_000);
    expect(() => splitDocuments('---\n'.repeat(800_000))).toThrow(
      'yaml: line 1000: the file has more than 1000 documents; split it',
    );
  });
});

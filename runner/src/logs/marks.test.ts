import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type GateMark, MarkFinder } from './marks.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

const NONCE = '9f3c2a71';
const mark = (words: string, nonce = NONCE): string => `\u001ehangar ${nonce} ${words}`;

/** Feeds lines, each given as the pieces it comes in; gives back the text that stays and the marks. */
function sift(...lines: readonly (readonly string[])[]): { text: string; marks: GateMark[] } {
  const finder = new MarkFinder(NONCE);
  const marks: GateMark[] = [];
  let text = '';
  for (const pieces of lines) {
    for (const [index, piece] of pieces.entries()) {
      const sifted = finder.push({ text: piece, ends: index === pieces.length - 1, stampNs: undefined });
      marks.push(...sifted.marks);
      text += sifted.pieces.map((one) => one.text + (one.ends ? '\n' : '')).join('');
    }
  }
  return { text, marks };
}

describe('MarkFinder', () => {
  it.each<[string, string, GateMark]>([
    ['start', 'start at=1768383006123', { kind: 'start', atMs: 1768383006123 }],
    ['skip', 'skip why=failed-before at=5', { kind: 'skip', why: 'failed-before', atMs: 5 }],
    ['end', 'end code=137 at=5', { kind: 'end', code: 137, atMs: 5 }],
    ['close', 'close at=5', { kind: 'close', atMs: 5 }],
  ])('takes out %s and leaves no empty line', (_, words, want) => {
    expect(sift(['a'], [mark(words)], ['b'])).toEqual({ text: 'a\nb\n', marks: [want] });
  });

  it('makes an unfinished line before a mark a line of its own', () => {
    expect(sift([`no newline${mark('end code=0 at=1')}`], [mark('close at=2')])).toEqual({
      text: 'no newline\n',
      marks: [
        { kind: 'end', code: 0, atMs: 1 },
        { kind: 'close', atMs: 2 },
      ],
    });
  });

  it.each([
    ['another nonce', mark('start at=1', '00000000')],
    ['unknown words', mark('stop at=1')],
    ['no time', mark('close')],
    ['a number that is none', mark('end code=x at=1')],
    ['no mark byte', `hangar ${NONCE} start at=1`],
    ['the byte alone', '\u001e'],
  ])('leaves what only looks like a mark: %s', (_, text) => {
    expect(sift(['a'], [text], ['b'])).toEqual({ text: `a\n${text}\nb\n`, marks: [] });
  });

  it('keeps the empty lines of the step', () => {
    expect(sift([''], ['', ''], [mark('close at=1')], [''])).toEqual({
      text: '\n\n\n',
      marks: [{ kind: 'close', atMs: 1 }],
    });
  });

  it('finds two marks in one line, and text around them', () => {
    expect(sift([`a${mark('start at=1')}b${mark('close at=2')}c`])).toEqual({
      text: 'a\nb\nc\n',
      marks: [
        { kind: 'start', atMs: 1 },
        { kind: 'close', atMs: 2 },
      ],
    });
  });

  it('ends the long line that was handed on in part', () => {
    expect(sift(['part one', `${mark('close at=1')}`])).toEqual({
      text: 'part one\n',
      marks: [{ kind: 'close', atMs: 1 }],
    });
  });

  it('holds back no more than a mark is long', () => {
    const finder = new MarkFinder(NONCE);
    const text = mark(`end code=${'1'.repeat(300)}`);
    expect(finder.push({ text, ends: false, stampNs: undefined }).pieces).toEqual([
      { text, ends: false, stampNs: undefined },
    ]);
  });

  it('finds every mark and keeps everything else, however lines are cut into pieces', () => {
    const user = fc
      .string({ unit: fc.constantFrom('\u001e', 'hangar ', NONCE, ' ', 'start at=1', 'x', ''), maxLength: 6 })
      .filter((text) => !text.includes(mark('start at=1')));
    const words = fc.constantFrom('start at=1', 'skip why=fast at=2', 'end code=3 at=3', 'close at=4');
    const cutUp = (text: string, cuts: readonly number[]): string[] => {
      const pieces: string[] = [];
      let rest = text;
      for (const cut of cuts) {
        pieces.push(rest.slice(0, cut % (rest.length + 1)));
        rest = rest.slice(cut % (rest.length + 1));
      }
      return [...pieces, rest];
    };
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ before: user, words: fc.option(words), cuts: fc.array(fc.nat(60), { maxLength: 4 }) }),
        ),
        (lines) => {
          const { text, marks } = sift(
            ...lines.map((line) => cutUp(line.before + (line.words ? mark(line.words) : ''), line.cuts)),
          );
          const kept = lines
            .filter((line) => line.before !== '' || !line.words)
            .map((line) => `${line.before}\n`);
          expect(text).toBe(kept.join(''));
          expect(marks).toHaveLength(lines.filter((line) => line.words).length);
        },
      ),
      { numRuns: 500 },
    );
  });
});

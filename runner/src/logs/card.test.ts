import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CardFinder, LONGEST_CARD } from './card.ts';
import { Masks } from './mask.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

const CARD = { schema: 'https://example.com/card.json', data: { coverage: 81, note: 'hunter22' } };
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const START = '\u001b]1338;';
const END = '\u001b]0m';
const CARD_LIKE = /\u001b\]1338;[a-z0-9\s]*\u001b\]0m/;
const marked = (value: unknown): string => `${START}${base64(value)}${END}`;

/** Feeds a text line by line, lines cut into pieces of `size` characters. */
function sift(
  text: string,
  size = 1_000_000,
  secrets: readonly string[] = [],
): { text: string; card: unknown } {
  const finder = new CardFinder();
  const pieces = text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      const cuts = Array.from({ length: Math.max(1, Math.ceil(line.length / size)) }, (_, index) =>
        line.slice(index * size, (index + 1) * size),
      );
      return cuts.map((cut, index) => ({ text: cut, ends: index === cuts.length - 1, stampNs: undefined }));
    });
  const kept = [...pieces.flatMap((piece) => finder.push(piece)), ...finder.flush()];
  return {
    text: kept.map((one) => one.text + (one.ends ? '\n' : '')).join(''),
    card: finder.card(new Masks(secrets)),
  };
}

describe('CardFinder', () => {
  it.each([
    ['on a line of its own, which vanishes', `a\n${marked(CARD)}\nb\n`, 'a\nb\n'],
    ['within a line, which stays', `a ${marked(CARD)} b\n`, 'a  b\n'],
    ['at the end of a line', `a${marked(CARD)}\nb\n`, 'a\nb\n'],
    ['over several lines', `a\n${START}\n${base64(CARD).replace(/.{20}/g, '$&\n')}\n${END}\nb\n`, 'a\nb\n'],
    [
      'in chunks with marks each',
      `${START}${base64(CARD).slice(0, 30)}${END}\n${START}${base64(CARD).slice(30)}${END}\nb\n`,
      'b\n',
    ],
  ])('takes out a card %s', (_, text, want) => {
    for (const size of [1_000_000, 1, 2, 3, 7]) expect(sift(text, size)).toEqual({ text: want, card: CARD });
  });

  it('takes the last of several', () => {
    expect(sift(`${marked({ schema: 'x', data: 1 })}${marked(CARD)}\n`).card).toEqual(CARD);
  });

  it.each([
    ['no base64', `${START}$${END}\n`, `${START}$${END}\n`],
    ['no JSON', `${START}abcd${END}\n`, ''],
    ['no schema', `${marked({ data: 1 })}\n`, ''],
    ['no data', `${marked({ schema: 'x' })}\n`, ''],
    [
      'JSON that only wants to break its readers',
      `${START}${Buffer.from(`{"schema":"x","data":${'['.repeat(5000)}${']'.repeat(5000)}}`).toString('base64')}${END}\n`,
      '',
    ],
  ])('has no card of %s', (_, text, want) => {
    expect(sift(text)).toEqual({ text: want, card: undefined });
  });

  it('gives back everything after a mark that never ends (known issue 22)', () => {
    const text = `a\n${START}abc\nmore output\n\nand more\n`;
    for (const size of [1_000_000, 1, 2, 3, 7]) expect(sift(text, size)).toEqual({ text, card: undefined });
  });

  it('gives back what is still held when the log ends', () => {
    expect(sift(`${START}abc\ndef\n`).text).toBe(`${START}abc\ndef\n`);
  });

  it('gives back what is longer than any card, while the log goes on', () => {
    const finder = new CardFinder();
    finder.push({ text: START, ends: true, stampNs: undefined });
    let kept = 0;
    for (let index = 0; index < 30; index++)
      kept += finder.push({ text: 'A'.repeat(LONGEST_CARD / 20), ends: true, stampNs: undefined }).length;
    expect(kept).toBeGreaterThan(20);
  });

  it('goes on looking for cards after one that was none', () => {
    expect(sift(`${START}oh no!\n${marked(CARD)}\n`)).toEqual({ text: `${START}oh no!\n`, card: CARD });
    expect(sift(`${START}${marked(CARD)}\n`)).toEqual({ text: `${START}\n`, card: CARD });
  });

  it('masks secrets in the strings, keys and numbers of a card', () => {
    const { card } = sift(
      `${marked({ schema: 's', data: { hunter22: ['my hunter22', 4711, 81, true, null] } })}\n`,
      1e6,
      ['hunter22', '4711'],
    );
    expect(card).toEqual({ schema: 's', data: { '******': ['my ******', '******', 81, true, null] } });
  });

  it('leaves a log without cards as it is, however it is cut', () => {
    const text = fc
      .string({ unit: fc.constantFrom('\u001b', ']', '1338;', '0m', '\n', 'a', ' '), maxLength: 30 })
      .filter((one) => !CARD_LIKE.test(one));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (one, size) => {
        expect(sift(`${one}\n`, size).text).toBe(`${one}\n`);
      }),
      { numRuns: 1000 },
    );
  });
});

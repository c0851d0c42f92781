import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CardFinder, MOST_CARD_CHARACTERS, MOST_CARDS } from './card.ts';
import { LONGEST_CARD } from './card-text.ts';
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

describe('CardFinder (previous-runner §6.9)', () => {
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

  it('returns the last of several', () => {
    expect(sift(`${marked({ schema: 'x', data: 1 })}${marked(CARD)}\n`).card).toEqual(CARD);
  });

  it.each([
    ['no base64', `${START}$${END}\n`, `${START}$${END}\n`],
    ['no JSON', `${START}abcd${END}\n`, ''],
    ['no schema', `${marked({ data: 1 })}\n`, ''],
    ['no data', `${marked({ schema: 'x' })}\n`, ''],
    [
      'JSON that is an attack on its readers',
      `${START}${Buffer.from(`{"schema":"x","data":${'['.repeat(5000)}${']'.repeat(5000)}}`).toString('base64')}${END}\n`,
      '',
    ],
  ])('has no card of %s', (_, text, want) => {
    expect(sift(text)).toEqual({ text: want, card: undefined });
  });

  it('returns all text after a mark that never ends (known issue 22)', () => {
    const text = `a\n${START}abc\nmore output\n\nand more\n`;
    for (const size of [1_000_000, 1, 2, 3, 7]) expect(sift(text, size)).toEqual({ text, card: undefined });
  });

  it('returns the text still held when the log ends', () => {
    expect(sift(`${START}abc\ndef\n`).text).toBe(`${START}abc\ndef\n`);
  });

  it('returns text that is longer than any card while the log continues', () => {
    const finder = new CardFinder();
    finder.push({ text: START, ends: true, stampNs: undefined });
    let kept = 0;
    for (let index = 0; index < 30; index++)
      kept += finder.push({ text: 'A'.repeat(LONGEST_CARD / 20), ends: true, stampNs: undefined }).length;
    expect(kept).toBeGreaterThan(20);
  });

  it('continues to find cards after text that was none', () => {
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

  it('does not change a log without cards, wherever it is cut', () => {
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

/** Marks, payloads and text that made earlier versions read the same bytes repeatedly, each of about `n` characters. */
const HOSTILE: readonly (readonly [string, (n: number) => string])[] = [
  ['small cards that can’t be read', (n) => `${START}${'A'.repeat(108)}${END}`.repeat(n / 119)],
  ['the same, a line each', (n) => `${START}${'A'.repeat(108)}${END}\n`.repeat(n / 120)],
  ['parts of a card that never ends', (n) => `${marked({ schema: 'x' }).slice(0, -8)}${END}`.repeat(n / 30)],
  ['an object, and space behind it in parts', (n) => `${marked({})}${`${START}IA==${END}`.repeat(n / 15)}`],
  ['empty cards', (n) => `${START}${END}`.repeat(n / 11)],
  ['start marks in one line', (n) => START.repeat(n / 7)],
  ['start marks, a line each', (n) => `${START}\n`.repeat(n / 8)],
  ['start marks and half a payload', (n) => `${START}${'A'.repeat(30)}!`.repeat(n / 38)],
  ['end marks', (n) => END.repeat(n / 4)],
  ['escapes', (n) => '\u001b'.repeat(n)],
  ['an unended card of empty lines', (n) => `${START}${'\n'.repeat(n)}`],
];

/** Number of characters read, with repetitions, for a text in pieces as the parser makes them. */
function touchedBy(text: string): number {
  const finder = new CardFinder();
  for (const line of `${text}\n`.split('\n').slice(0, -1)) {
    for (let at = 0; at === 0 || at < line.length; at += 48 * 1024) {
      const ends = at + 48 * 1024 >= line.length;
      finder.push({ text: line.slice(at, at + 48 * 1024), ends, stampNs: undefined });
    }
  }
  finder.flush();
  return finder.touched;
}

describe('the cost of cards', () => {
  it.each(HOSTILE)('is linear in the text: %s', (_, textOf) => {
    const [once, twice] = [touchedBy(textOf(250_000)), touchedBy(textOf(500_000))];

    expect(twice / once).toBeLessThanOrEqual(2.3);
    expect(twice).toBeLessThan(8 * 500_000);
  });

  it('is bounded by the maximum number of cards of a step: further marks stay in the log', () => {
    const [one, last] = [marked({ schema: 'x', data: 1 }), marked(CARD)];

    expect(sift(`${one.repeat(MOST_CARDS - 1)}${last}${one}\n`)).toEqual({ text: `${one}\n`, card: CARD });
    expect(sift(`${one.repeat(MOST_CARDS - 1)}${last}\n`)).toEqual({ text: '', card: CARD });
  });

  it('is bounded by the maximum number of characters of cards of a step', () => {
    const large = marked({ schema: 'x', data: 'x'.repeat(LONGEST_CARD / 2) });
    const fits = Math.ceil(MOST_CARD_CHARACTERS / large.length);

    expect(sift(`${`${large}\n`.repeat(fits)}${marked(CARD)}\n`).text).toBe(`${marked(CARD)}\n`);
    expect(sift(`${`${large}\n`.repeat(fits - 1)}${marked(CARD)}\n`)).toEqual({ text: '', card: CARD });
  });

  it('returns the parts of one line as one piece, so that later stages don’t process thousands', () => {
    const finder = new CardFinder();
    const text = `x${START}${END}`.repeat(500);

    expect(finder.push({ text, ends: false, stampNs: undefined })).toEqual([
      { text: 'x'.repeat(500), ends: false, stampNs: undefined },
    ]);
  });

  it('ignores a card with too many values', () => {
    const values = (count: number): object => ({ schema: 'x', data: Array<number>(count).fill(1) });

    expect(sift(`${marked(values(49_000))}\n`).card).toEqual(values(49_000));
    expect(sift(`${marked(values(51_000))}\n`)).toEqual({ text: '', card: undefined });
  });
});

describe('a card in parts', () => {
  const text = base64(CARD);

  it('is found after parts that were none', () => {
    const junk = `${START}abcd${END}${marked({ data: 1 })}`;
    const parts = `${START}${text.slice(0, 31)}${END}${START}${text.slice(31)}${END}`;

    expect(sift(`${junk}${parts}\n`).card).toEqual(CARD);
  });

  it('is found wherever it is cut, with or without padding', () => {
    for (const whole of [text, text.replaceAll('=', '')])
      for (let cut = 1; cut < whole.length; cut++) {
        const parts = `${START}${whole.slice(0, cut)}${END}\n${START}${whole.slice(cut)}${END}`;
        expect(sift(`${parts}\n`).card).toEqual(CARD);
      }
  });
});

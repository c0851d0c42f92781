import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { MOST_CHECKED } from './mark-verifier.ts';
import { type GateMark, MarkFinder } from './marks.ts';
import { GateMarkWriter } from './testing/gate-mark-writer.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

const NONCE = '9f3c2a71';
const gate = new GateMarkWriter(NONCE);
/** A program of the step that knows the nonce and has a key of its own. */
const forger = new GateMarkWriter(NONCE);
const START = gate.start(1);
const STARTED: GateMark = { kind: 'start', atMs: 1 };

/** Feeds lines, each given as its pieces; returns the text that stays and the marks. */
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

/** The same, after the gate's first mark. */
function siftStarted(...lines: readonly (readonly string[])[]): { text: string; marks: GateMark[] } {
  const { text, marks } = sift([START], ...lines);
  expect(marks[0]).toEqual(STARTED);
  return { text, marks: marks.slice(1) };
}

describe('MarkFinder', () => {
  it.each<[string, string, GateMark]>([
    ['start', gate.start(1768383006123), { kind: 'start', atMs: 1768383006123 }],
    ['skip', gate.skip('failed-before', 5), { kind: 'skip', why: 'failed-before', atMs: 5 }],
  ])(
    'reads %s from the first line of a log, and removes its repetition on the other stream',
    (_, line, want) => {
      expect(sift([line], ['a'], [line], ['b'])).toEqual({ text: 'a\nb\n', marks: [want] });
    },
  );

  it.each<[string, string, GateMark]>([
    ['ready', gate.ready(5), { kind: 'ready', atMs: 5 }],
    ['end', gate.end(137, 5), { kind: 'end', code: 137, atMs: 5 }],
    [
      'an end by timeout',
      gate.end(124, 5, 'timed-out'),
      { kind: 'end', code: 124, why: 'timed-out', atMs: 5 },
    ],
    ['close', gate.close(5), { kind: 'close', atMs: 5 }],
  ])('takes out %s and leaves no empty line', (_, line, want) => {
    expect(siftStarted(['a'], [line], ['b'])).toEqual({ text: 'a\nb\n', marks: [want] });
  });

  it('turns an unfinished line before a mark into a line of its own', () => {
    expect(siftStarted([`no newline${gate.end(0, 1)}`], [gate.close(2)])).toEqual({
      text: 'no newline\n',
      marks: [
        { kind: 'end', code: 0, atMs: 1 },
        { kind: 'close', atMs: 2 },
      ],
    });
  });

  it.each([
    ['another nonce', new GateMarkWriter('00000000').end(0, 1)],
    ['unknown content', gate.signed('stop at=1')],
    ['a word in a mark that has none', gate.signed('close why=unready at=1')],
    ['a word that is none', gate.signed('end code=1 why=UNREADY at=1')],
    ['no time', gate.signed('close')],
    ['no signature', `\u001ehangar ${NONCE} end code=0 at=1`],
    ['a number that is none', gate.signed('end code=x at=1')],
    ['no mark byte', gate.end(0, 1).slice(1)],
    ['the byte alone', '\u001e'],
  ])('leaves what only looks like a mark: %s', (_, text) => {
    expect(siftStarted(['a'], [text], ['b'])).toEqual({ text: `a\n${text}\nb\n`, marks: [] });
  });

  it('keeps the empty lines of the step', () => {
    expect(siftStarted([''], ['', ''], [gate.close(1)], [''])).toEqual({
      text: '\n\n\n',
      marks: [{ kind: 'close', atMs: 1 }],
    });
  });

  it('finds two marks in one line, and text around them', () => {
    expect(siftStarted([`a${gate.end(0, 1)}b${gate.close(2)}c`])).toEqual({
      text: 'a\nb\nc\n',
      marks: [
        { kind: 'end', code: 0, atMs: 1 },
        { kind: 'close', atMs: 2 },
      ],
    });
  });

  it('ends the long line that was passed on in part', () => {
    expect(siftStarted(['part one', gate.close(1)])).toEqual({
      text: 'part one\n',
      marks: [{ kind: 'close', atMs: 1 }],
    });
  });

  it('holds back no more than the length of a mark', () => {
    const finder = new MarkFinder(NONCE);
    const text = gate.signed(`end code=${'1'.repeat(300)}`);
    expect(finder.push({ text, ends: false, stampNs: undefined }).pieces).toEqual([
      { text, ends: false, stampNs: undefined },
    ]);
  });

  it('finds every mark and keeps everything else, for any cut of lines into pieces', () => {
    const user = fc.string({
      unit: fc.constantFrom('\u001e', 'hangar ', NONCE, ' ', 'end code=0 at=1', 'x', ''),
      maxLength: 6,
    });
    const marked = fc.constantFrom(START, gate.end(3, 3), gate.close(4));
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
          fc.record({ before: user, mark: fc.option(marked), cuts: fc.array(fc.nat(60), { maxLength: 4 }) }),
        ),
        (lines) => {
          const { text, marks } = siftStarted(
            ...lines.map((line) => cutUp(line.before + (line.mark ?? ''), line.cuts)),
          );
          const kept = lines
            .filter((line) => line.before !== '' || !line.mark)
            .map((line) => `${line.before}\n`);
          expect(text).toBe(kept.join(''));
          expect(marks).toHaveLength(lines.filter(({ mark }) => mark && mark !== START).length);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a program that forges marks of the gate', () => {
  it('can report neither an end nor the end of its log', () => {
    const lines = [[forger.ready(2)], [forger.end(0, 2)], [forger.close(2)]];
    expect(siftStarted(...lines)).toEqual({
      text: `${lines.flat().join('\n')}\n`,
      marks: [],
    });
  });

  it('can introduce no key of its own, in a start or in a skip', () => {
    const openings = [forger.start(1), forger.skip('fast', 1)];
    const { text, marks } = siftStarted(
      ...openings.map((one) => [one]),
      [forger.end(0, 2)],
      [gate.end(3, 4)],
    );
    expect([text.split('\n').length - 1, marks]).toEqual([3, [{ kind: 'end', code: 3, atMs: 4 }]]);
  });

  it('can’t change the code in a mark that it read from its own stream', () => {
    const [, signature = ''] = gate.end(3, 4).split(' sig=');
    const changed = `\u001ehangar ${NONCE} end code=0 at=4 sig=${signature}`;
    expect(siftStarted([changed])).toEqual({ text: `${changed}\n`, marks: [] });
  });

  it('is ignored, as is the gate, if the log has lost its beginning: the kubelet reports the end', () => {
    const lines = [['a'], [forger.start(1)], [forger.end(0, 2)], [START], [gate.end(3, 4)], ['b']];
    expect(sift(...lines)).toEqual({ text: 'a\nb\n', marks: [] });
  });

  it('can’t add a first mark after text of its own', () => {
    expect(sift([`x${forger.start(1)}`], [forger.end(0, 1)])).toEqual({ text: 'x\n', marks: [] });
  });

  it('can’t make the runner check signatures without end: after 100 of them the kubelet reports the end', () => {
    const forged = forger.end(0, 2);
    const within = siftStarted(...Array<string[]>(MOST_CHECKED - 1).fill([forged]), [gate.end(3, 4)]);
    const beyond = siftStarted(...Array<string[]>(MOST_CHECKED + 50).fill([forged]), [gate.end(3, 4)], ['b']);

    expect(within.marks).toEqual([{ kind: 'end', code: 3, atMs: 4 }]);
    expect(beyond).toEqual({ text: `${`${forged}\n`.repeat(MOST_CHECKED)}b\n`, marks: [] });
  });
});

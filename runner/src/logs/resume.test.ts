import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { LogCursor } from './resume.ts';
import { chunked, kubeletBytes, type NodeRecord } from './testing/node-log.ts';
import { TimestampedParser } from './timestamped.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

const SECOND = 1_000_000_000n;
const START = 1_768_383_006n * SECOND;
const at = (ms: number): bigint => START + BigInt(ms) * 1_000_000n;
const full = (ms: number, text: string): NodeRecord => ({ stampNs: at(ms), text, full: true });
const part = (ms: number, text: string): NodeRecord => ({ stampNs: at(ms), text, full: false });

/** Reads streams one after another, each broken after a number of bytes, the last one to its end. Gaps show as `<gap>`. */
function readBroken(files: readonly (readonly NodeRecord[])[], breaks: readonly number[]): string {
  const cursor = new LogCursor();
  let out = '';
  for (const [index, file] of files.entries()) {
    const bytes = kubeletBytes(file, cursor.sinceTime());
    const parser = new TimestampedParser();
    cursor.begin();
    for (const record of parser.push(bytes.subarray(0, breaks[index] ?? bytes.length))) {
      const verdict = cursor.next(record);
      if (verdict === 'drop') continue;
      out += (verdict === 'gap-then-take' ? '<gap>' : '') + record.text + (record.ends ? '\n' : '');
    }
  }
  return out;
}

const textOf = (records: readonly NodeRecord[]): string =>
  records.map((one) => one.text + (one.full ? '\n' : '')).join('');
const many = (file: readonly NodeRecord[], breaks: readonly number[]): string =>
  readBroken([...breaks.map(() => file), file], breaks);

describe('LogCursor', () => {
  const file = [full(0, 'a'), full(10, 'b'), full(10, 'b'), full(20, 'c'), full(3000, 'd')];

  it('requests everything first, then from a second before the last line', () => {
    const cursor = new LogCursor();
    expect(cursor.sinceTime()).toBeUndefined();

    cursor.next({ text: 'x', ends: true, stampNs: at(1999), part: 0 });
    expect(cursor.sinceTime()).toBe('2026-01-14T09:30:06Z');
  });

  it('takes each line once, wherever the stream broke (known issue 20)', () => {
    const bytes = kubeletBytes(file);
    for (let cut = 0; cut <= bytes.length; cut++) expect(many(file, [cut])).toBe(textOf(file));
  });

  it('counts lines that share a stamp', () => {
    const burst = Array.from({ length: 1000 }, (_, index) => full(5, `line ${index % 3}`));
    const bytes = kubeletBytes(burst);
    expect(many(burst, [bytes.length / 2, bytes.length / 3, bytes.length - 3].map(Math.floor))).toBe(
      textOf(burst),
    );
  });

  it('continues in the middle of a long line', () => {
    const long = [
      full(0, 'a'),
      part(1, 'x'.repeat(120_000)),
      part(5000, 'y'.repeat(90_000)),
      full(9000, 'end'),
      full(9001, 'z'),
    ];
    const bytes = kubeletBytes(long);
    const cuts = [60_000, 100_000, 150_000, 209_999, bytes.length - 1];
    expect(many(long, cuts)).toBe(textOf(long));
  });

  it('drops the rest of an old line, which has no stamp', () => {
    const old = [part(0, 'begun '), full(4000, 'ended'), full(5500, 'last'), full(5600, 'new')];
    const upToLast = kubeletBytes(old.slice(0, 3)).length;
    expect(kubeletBytes(old, '2026-01-14T09:30:10Z').toString()).toMatch(/^ended\n/);
    expect(many(old, [upToLast])).toBe(textOf(old));
  });

  it('accepts streams without content', () => {
    expect(readBroken([file, [], [], file], [40, 0, 0])).toBe(textOf(file));
  });

  it('accepts lines out of order, as stdout and stderr are stamped separately', () => {
    const disorder = [
      full(1000, 'a'),
      full(1001, 'b'),
      full(999, 'c'),
      full(1001, 'd'),
      full(998, 'e'),
      full(2000, 'f'),
    ];
    const bytes = kubeletBytes(disorder);
    for (let cut = 0; cut <= bytes.length; cut += 7)
      expect(many(disorder, [cut, bytes.length - cut])).toBe(textOf(disorder));
  });

  it('accepts a node whose clock was set back', () => {
    const setBack = [full(90_000, 'a'), full(90_001, 'b'), full(10, 'c'), full(20, 'd'), full(30, 'e')];
    const bytes = kubeletBytes(setBack.slice(0, 4));
    expect(many(setBack, [bytes.length])).toBe(textOf(setBack));
  });

  it('marks a gap when the last line is no longer there', () => {
    const rotated = [full(2000, 'x'), full(2001, 'y')];
    expect(readBroken([file.slice(0, 4), rotated], [])).toBe('a\nb\nb\nc\n<gap>x\ny\n');
  });

  it('marks no gap when the file was rotated but still has the last line', () => {
    expect(readBroken([file.slice(0, 4), file.slice(2)], [])).toBe(textOf(file));
  });

  it('marks no gap when a step was silent for long', () => {
    const silent = [full(0, 'a'), full(600_000, 'b')];
    expect(readBroken([silent.slice(0, 1), silent], [])).toBe('a\nb\n');
  });

  it('takes messages of the node, but no other text without a stamp, as new', () => {
    const cursor = new LogCursor();
    const message = { ends: true, stampNs: undefined, part: 0 };
    expect(cursor.next({ ...message, text: 'whatever' })).toBe('take');
    cursor.next({ text: 'x', ends: true, stampNs: at(0), part: 0 });
    cursor.begin();
    expect(cursor.next({ ...message, text: 'failed to watch directory "/var/log"' })).toBe('take');
    expect(cursor.next({ ...message, text: 'rest of an old line' })).toBe('drop');
  });

  it('takes an unfinished last line as new only after the last line taken', () => {
    const cursor = new LogCursor();
    const tail = { text: 'tail', ends: true, stampNs: at(5), part: 0 };
    cursor.next({ text: 'x', ends: true, stampNs: at(0), part: 0 });
    expect(cursor.isNew(tail)).toBe(true);
    cursor.begin();
    expect(cursor.isNew(tail)).toBe(false);
    cursor.next({ text: 'x', ends: true, stampNs: at(0), part: 0 });
    expect(cursor.isNew(tail)).toBe(true);
    expect(cursor.isNew({ ...tail, part: 1 })).toBe(false);
    expect(cursor.isNew({ ...tail, stampNs: undefined })).toBe(false);
  });

  it('returns any log unchanged, broken anywhere any number of times', () => {
    const record = fc.record({
      gapMs: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(3000)),
      early: fc.nat(400),
      text: fc.string({ maxLength: 8 }),
      full: fc.boolean(),
    });
    const log = fc.array(record, { maxLength: 30 }).map((records) => {
      let ms = 1000;
      let beginsLine = true;
      return records.map(({ gapMs, early, text, full: isFull }): NodeRecord => {
        ms += gapMs;
        const earlyMs = beginsLine && gapMs <= 2 ? early : 0;
        beginsLine = isFull;
        return { stampNs: at(ms - earlyMs), text: text.replaceAll('\n', ' ') || '-', full: isFull };
      });
    });
    fc.assert(
      fc.property(log, fc.array(fc.nat(1000), { maxLength: 6 }), (records, breaks) => {
        const ended = [...records, full(200_000, 'end')];
        expect(many(ended, breaks)).toBe(textOf(ended));
      }),
      { numRuns: 500 },
    );
  });

  it('holds with very long lines too', () => {
    const long = fc.array(
      fc.record({
        size: fc.constantFrom(1, 100, 49_100, 49_152, 70_000, 150_000),
        full: fc.boolean(),
        ms: fc.nat(2000),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(long, fc.array(fc.nat(400_000), { maxLength: 4 }), (sizes, breaks) => {
        let ms = 0;
        const records = sizes.map(
          (one): NodeRecord => ({ stampNs: at((ms += one.ms)), text: 'x'.repeat(one.size), full: one.full }),
        );
        const ended = [...records, full(ms + 1, 'end')];
        expect(many(ended, breaks) === textOf(ended)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

it('chunked() loses nothing', () => {
  expect(Buffer.concat(chunked(Buffer.from('abcdef'), [1, 0, 9])).toString()).toBe('abcdef');
});

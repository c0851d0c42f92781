import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { NodeLogPiece } from './piece.ts';
import { chunked } from './testing/node-log.ts';
import { PIECE_BYTES, TimestampedParser } from './timestamped.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

const STAMP = '2026-01-14T09:30:06.123456789Z';
const STAMP_NS = 1768383006123456789n;

function parse(chunks: readonly Uint8Array[]): NodeLogPiece[] {
  const parser = new TimestampedParser();
  const records = chunks.flatMap((chunk) => parser.push(chunk));
  const tail = parser.tail();
  return tail ? [...records, tail] : records;
}

const parseText = (text: string): NodeLogPiece[] => parse([Buffer.from(text)]);
const line = (text: string): NodeLogPiece => ({ text, ends: true, stampNs: STAMP_NS, part: 0 });

describe('TimestampedParser', () => {
  it.each([
    ['a line', `${STAMP} hello\n`, [line('hello')]],
    ['an empty line', `${STAMP} \n`, [line('')]],
    ['an empty line whose blank was trimmed', `${STAMP}\n`, [line('')]],
    ['blanks of the text', `${STAMP}   x \n`, [line('  x ')]],
    ['a Windows line end, which stays', `${STAMP} x\r\n`, [line('x\r')]],
    ['two lines with one stamp', `${STAMP} a\n${STAMP} b\n`, [line('a'), line('b')]],
    [
      'a message of the node',
      'unable to retrieve container logs for x',
      [{ text: 'unable to retrieve container logs for x', ends: true, stampNs: undefined, part: 0 }],
    ],
    ['an unfinished last line', `${STAMP} hel`, [line('hel')]],
    ['a torn stamp, which is nothing', '2026-01-14T09:30', []],
    ['nothing', '', []],
  ])('reads %s', (_, text, want) => {
    expect(parseText(text)).toEqual(want);
  });

  it('turns invalid UTF-8 into U+FFFD and keeps what is valid', () => {
    expect(parse([Buffer.from(`${STAMP} a`), Buffer.from([0xff, 0x62, 0xc3]), Buffer.from('\n')])).toEqual([
      line('a\ufffdb\ufffd'),
    ]);
  });

  it('cuts a long line of bytes that are no characters at all', () => {
    const records = parse([Buffer.from(`${STAMP} `), Buffer.alloc(100_000, 0x80), Buffer.from('\n')]);
    expect(records.map((record) => record.text).join('')).toBe('\ufffd'.repeat(100_000));
  });

  it('keeps a byte order mark in the text', () => {
    expect(parseText(`${STAMP} \ufeffx\n`)).toEqual([line('\ufeffx')]);
  });

  it('cuts a line of many MiB into pieces that joined are the line (known issue 2)', () => {
    const text = 'é'.repeat(3 * 1024 * 1024);
    const records = parseText(`${STAMP} ${text}\n${STAMP} next\n`);

    expect(
      records
        .slice(0, -1)
        .map((record) => record.text)
        .join(''),
    ).toBe(text);
    expect(records.slice(0, -1).every((record) => Buffer.byteLength(record.text) <= PIECE_BYTES)).toBe(true);
    expect(records.slice(0, -1).map((record) => record.part)).toEqual(
      records.slice(0, -1).map((_record, index) => index),
    );
    expect(records.slice(0, -1).map((record) => record.ends)).toEqual(
      records.slice(0, -1).map((_record, index) => index === records.length - 2),
    );
    expect(records.at(-1)).toEqual(line('next'));
  });

  it('makes no empty piece of a line that just fits', () => {
    const fits = 'x'.repeat(PIECE_BYTES - STAMP.length - 1);
    expect(parse(chunked(Buffer.from(`${STAMP} ${fits}\n`), [100, 60_000]))).toEqual([line(fits)]);
    expect(parseText(`${STAMP} ${fits}y\n`)).toEqual([
      { ...line(fits), ends: false },
      { ...line('y'), part: 1 },
    ]);
  });

  it('reads the same for any cut of the bytes', () => {
    const texts = fc.array(
      fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', '')),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(texts, fc.array(fc.nat(40)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${STAMP} ${text}\n`).join(''));
        expect(parse(chunked(bytes, cuts))).toEqual(lines.map((text) => line(text.toWellFormed())));
      }),
    );
  });

  it('cuts an over-long line at the same places for any chunks', () => {
    const bytes = Buffer.concat([
      Buffer.from(`${STAMP} `),
      Buffer.alloc(150_000, 'aß€😀'),
      Buffer.from('\n'),
    ]);
    const whole = parse([bytes]);
    fc.assert(
      fc.property(fc.array(fc.nat(200_000), { maxLength: 12 }), (cuts) => {
        expect(parse(chunked(bytes, cuts))).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('accepts any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        expect(Array.isArray(parse(chunks))).toBe(true);
      }),
    );
  });
});

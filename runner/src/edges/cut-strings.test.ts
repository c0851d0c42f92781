import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutStrings } from './cut-strings.ts';

/** The text after the cut, sent in pieces of a few bytes. */
async function cut(text: string, most: number, pieceBytes = 3): Promise<string> {
  const bytes = Buffer.from(text);
  const starts = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, nth) => nth * pieceBytes);
  const pieces = Readable.from(starts.map((at) => bytes.subarray(at, at + pieceBytes)));
  const kept: Uint8Array[] = [];
  for await (const piece of cutStrings(pieces, most)) kept.push(piece);
  return Buffer.concat(kept).toString('utf8');
}

describe('long strings of a JSON text', () => {
  it.each([
    ['{"data":"abcdef","n":1}', '{"data":"abcd","n":1}'],
    ['{"data":"abcd","n":12345}', '{"data":"abcd","n":12345}'],
    [String.raw`["abc\"def","x"]`, String.raw`["abc\"","x"]`],
    [String.raw`["abc\u00e4def"]`, String.raw`["abc\u00e4"]`],
    [String.raw`["abcd\u00e4\"]","x"]`, '["abcd","x"]'],
    [String.raw`["abcd\\","x"]`, '["abcd","x"]'],
    [String.raw`["abc\\","x"]`, String.raw`["abc\\","x"]`],
  ])('%s becomes %s', async (text, want) => {
    expect(await cut(text, 4)).toBe(want);
  });

  it('leave valid JSON of the same shape behind, and short ones as they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.integer({ min: 0, max: 9 }), async (text, most) => {
        JSON.parse(await cut(text, most, 1));
        expect(await cut(text, text.length)).toBe(text);
      }),
    );
  });
});

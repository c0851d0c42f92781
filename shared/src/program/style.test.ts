import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { lineOf, painter, takesColours } from './style.ts';

describe('a line', () => {
  const pieces = [
    { text: 'red', style: 'red' },
    { text: ' plain  ', style: undefined },
  ] as const;

  it('is coloured only if colours are enabled', () => {
    expect(lineOf(pieces, 80, true)).toBe('\u001b[31mred\u001b[39m plain');
    expect(lineOf(pieces, 80, false)).toBe('red plain');
  });

  it.each([
    [9, 'red plai…'],
    [3, 'red'],
    [2, 'r…'],
    [0, ''],
  ])('of %d characters is cut', (width, want) => {
    expect(
      lineOf(
        [
          { text: 'red', style: undefined },
          { text: ' plain text', style: undefined },
        ],
        width,
        false,
      ),
    ).toBe(want);
  });
});

it('a painter without colours returns the text unchanged', () => {
  expect(painter(false)('bold', 'x')).toBe('x');
  expect(painter(true)('bold', 'x')).toBe('\u001b[1mx\u001b[22m');
});

it('a file gets no colours', () => {
  expect(takesColours(new PassThrough())).toBe(false);
});

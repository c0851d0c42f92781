import { expect, it } from 'vitest';
import { goQuote } from './go-quote.ts';

it.each([
  ['plain', '"plain"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ['a\nb\tc\r', '"a\\nb\\tc\\r"'],
  ['\x00\x1b\x7f', '"\\x00\\x1b\\x7f"'],
  ['\x07\b\f\v', '"\\a\\b\\f\\v"'],
  ['ö 世 😀', '"ö 世 😀"'],
  ['\u00a0\u200b', '"\\u00a0\\u200b"'],
  ['\u{e0001}', '"\\U000e0001"'],
])('goQuote(%j) is %s', (text, want) => {
  expect(goQuote(text)).toBe(want);
});

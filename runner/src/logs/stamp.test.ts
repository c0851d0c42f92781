import { expect, it } from 'vitest';
import { parseStamp, stampMs, wholeSecond } from './stamp.ts';

it.each([
  ['nine decimals', '2026-01-14T09:30:06.123456789Z', 1768383006123456789n],
  ['fewer decimals', '2026-01-14T09:30:06.5Z', 1768383006500000000n],
  ['no decimals', '2026-01-14T09:30:06Z', 1768383006000000000n],
  ['a zone', '2026-01-14T10:30:06.000000001+01:00', 1768383006000000001n],
  ['a month that is none', '2026-13-14T09:30:06Z', undefined],
  ['words', 'unable', undefined],
  ['nothing', '', undefined],
  ['a date alone', '2026-01-14', undefined],
])('parseStamp() reads %s', (_, text, want) => {
  expect(parseStamp(text)).toBe(want);
});

it('wholeSecond() rounds down and goes back by the slack', () => {
  expect(wholeSecond(1768383006999999999n)).toBe('2026-01-14T09:30:06Z');
  expect(wholeSecond(1768383006999999999n, 1)).toBe('2026-01-14T09:30:05Z');
  expect(wholeSecond(0n, 1)).toBe('1970-01-01T00:00:00Z');
});

it('stampMs() rounds down', () => {
  expect(stampMs(1768383006123999999n)).toBe(1768383006123);
});

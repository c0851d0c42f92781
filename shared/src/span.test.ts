import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSpan, parseSpanMs } from './span.ts';

describe('parseSpanMs', () => {
  it.each([
    ['seconds', '90s', 90_000],
    ['two units', '1h30m', 5_400_000],
    ['a fraction', '1m2.5s', 62_500],
    ['milliseconds, which are no minutes', '250ms', 250],
    ['days', '60d', 5_184_000_000],
    ['nothing', '0s', 0],
  ])('%s: %s', (_, text, want) => {
    expect(parseSpanMs(text)).toBe(want);
  });

  it.each(['', '90', '15 m', '90s!', '-5s', '1.s', 'm', '5w', '1e3s', '9999999999999999d'])(
    'refuses %j',
    (text) => {
      expect(parseSpanMs(text)).toBeUndefined();
    },
  );

  it('refuses many digits as soon as one: authors write timeouts, and build parameters are as long as they like', () => {
    expect(parseSpanMs('1'.repeat(100_000))).toBeUndefined();
    expect(parseSpanMs('1s'.repeat(50_000))).toBeUndefined();
    expect(parseSpanMs('1s'.repeat(50))).toBe(50_000);
  });
});

describe('formatSpan', () => {
  it.each([
    [0, '0s'],
    [250, '250ms'],
    [30_000, '30s'],
    [600_000, '10m'],
    [5_400_000, '1h30m'],
    [86_400_000, '1d'],
    [90_061_001, '1d1h1m1s1ms'],
  ])('%i ms is %s', (ms, want) => {
    expect(formatSpan(ms)).toBe(want);
  });

  it('round-trips', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), (ms) => {
        expect(parseSpanMs(formatSpan(ms))).toBe(ms);
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { invalidByteSize, parseByteSize } from './units.ts';

describe('parseByteSize', () => {
  it.each([
    ['a bare number is bytes', '1024', 1024],
    ['decimal spelling is binary all the same', '100MB', 104_857_600],
    ['one letter is enough', '100M', 104_857_600],
    ['and so is the binary spelling', '512Mi', 536_870_912],
    ['case does not matter', '1gIb', 1_073_741_824],
    ['fractions are cut to whole bytes', '1.5GiB', 1_610_612_736],
    ['one space is allowed before the unit', '100 mb', 104_857_600],
    ['a lone b is bytes', '7b', 7],
    ['zero', '0', 0],
  ])('%s: %s', (_, text, want) => {
    expect(parseByteSize(text)).toBe(want);
  });

  it.each(['', '10Q', '10  M', '.5M', '5.M', '1.2.3', '-1', '1e3', 'M', '1Mi ', '99999999P'])(
    'refuses %j',
    (text) => {
      expect(parseByteSize(text)).toBeUndefined();
    },
  );

  it('has the same error message as the old runner', () => {
    expect(invalidByteSize('10Q')).toBe("invalid size: '10Q'");
  });
});

import { describe, expect, it } from 'vitest';
import { BufferLog } from './buffer-log.ts';

describe('what stood in a buffer', () => {
  const log = new BufferLog();
  log.note(10_000, 6);
  log.note(12_000, 9);

  it.each([
    ['nothing before it was looked at', 9.9, 0],
    ['what was seen at that moment', 10, 6],
    ['the same until something else is seen', 11.9, 6],
    ['the last that was seen, for ever', 1e6, 9],
  ])('is %s', (_, nowSeconds, want) => {
    expect(log.bufferPods({ nowSeconds })).toBe(want);
  });
});

import { describe, expect, it } from 'vitest';
import { Seen } from './seen.ts';

describe('Seen', () => {
  it('knows an id the second time, and forgets only the oldest beyond its limit', () => {
    const seen = new Seen(2);

    expect([1, 2, 2, 3].map((id) => seen.add(id))).toEqual([true, true, false, true]);
    expect(seen.add(2)).toBe(false);
    expect(seen.add(1)).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { billedSeconds, mayGo } from './node-billing.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('a node that is billed by started hours', () => {
  const billing = { unitMs: HOUR, leastLifeMs: 0 };

  it.each([
    [5, false],
    [49, false],
    [50, true],
    [58, true],
    [59, false],
    [61, false],
    [115, true],
  ])('at the age of %d min may go: %s', (minutes, want) => {
    expect(mayGo(minutes * MINUTE, billing)).toBe(want);
  });

  it('costs whole hours', () => {
    expect([1, 3600, 3601].map((seconds) => billedSeconds(seconds, HOUR))).toEqual([3600, 3600, 7200]);
  });
});

describe('a node that is billed by started minutes', () => {
  it('may go at any time, but not before its least life', () => {
    const billing = { unitMs: MINUTE, leastLifeMs: 10 * MINUTE };

    expect([9, 10, 31].map((minutes) => mayGo(minutes * MINUTE, billing))).toEqual([false, true, true]);
    expect(billedSeconds(61, MINUTE)).toBe(120);
  });
});

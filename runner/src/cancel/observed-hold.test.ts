import { describe, expect, it } from 'vitest';
import { ObservedHold } from './observed-hold.ts';

/** A server that was seen to hold watches for that long, with so many builds that are watched. */
function holding(heldMs: number, builds: number): ObservedHold {
  const hold = new ObservedHold(() => builds);
  hold.answered(heldMs, 0);
  return hold;
}

describe('the connections for watches', () => {
  it.each([
    [1, 6],
    [50, 300],
    [100, 300],
    [250, 300],
    [1_000, 1_200],
  ])('of %i builds are %i, if the server holds each for 30 s', (builds, connections) => {
    expect((builds * 30_000) / holding(30_000, builds).spacingMs(0)).toBeCloseTo(connections);
  });

  it.each([
    [1, 5_000],
    [1_000, 5_000],
  ])('of %i builds begin every %i ms behind a proxy that cuts them after 10 s', (builds, spacingMs) => {
    expect(holding(10_000, builds).spacingMs(0)).toBe(spacingMs);
  });

  it('stay few while a server restarts, which ends all watches with an error, whatever their age', () => {
    const hold = holding(30_000, 1_000);
    hold.failed(2_000, 59_999);
    expect(hold.spacingMs(0)).toBe(25_000);
  });

  it('begin sooner if watches only end with errors: a proxy cuts them', () => {
    const hold = holding(30_000, 1);
    hold.failed(2_000, 60_000);
    expect(hold.spacingMs(0)).toBe(1_000);
  });

  it('overlap for many builds as if the server held them for 30 s, until the first one has ended', () => {
    expect(new ObservedHold(() => 1_000).spacingMs(0)).toBe(25_000);
    expect(new ObservedHold(() => 1).spacingMs(0)).toBe(2_000);
  });
});

describe('the state of a build may be uncertain', () => {
  it('for 8 s if it is one of few', () => {
    const hold = holding(30_000, 50);
    hold.answered(30_000, 60_000);
    expect(hold.uncertainLimitMs(60_000)).toBe(8_000);
  });

  it('until its next watch has ended if it is one of many, while those of others are answered', () => {
    const hold = holding(30_000, 1_000);
    hold.answered(30_000, 60_000);
    expect([hold.uncertainLimitMs(67_999), hold.uncertainLimitMs(68_000)]).toEqual([30_000, 8_000]);
  });
});

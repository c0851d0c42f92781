import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../simulate/random.ts';
import { type Chances, type Changes, chancesOfRise, NO_RISE } from './demand-chances.ts';
import { type NextPush, roomForPush } from './push-room.ts';
import { WaitBound } from './wait-bound.ts';

const DAY = 86_400;
const START = 1_704_067_200;
const LEAD_SECONDS = 200;
const ALLOWED = 0.05;

const NOTHING: Changes = {
  ...{ pushes: { mean: 0, shape: 1e6 }, sizes: Float64Array.of(0, 1) },
  ...{ singles: [], known: 0, leaving: [], price: 30 },
};
const riseOf = (over: Partial<Changes>): Chances => chancesOfRise({ ...NOTHING, ...over });

/** Chance of each size, from 1 on. */
const pushOf = (...chances: readonly number[]): NextPush => ({
  sizes: Float64Array.of(0, ...chances),
  announcedShare: 0,
});
const FIVE = pushOf(0, 0, 0, 0, 1);

describe('roomForPush', () => {
  it('is a push where nothing else happens, and a place less where its last build may wait', () => {
    expect(roomForPush(NO_RISE, FIVE, ALLOWED)).toBe(5);
    expect(roomForPush(NO_RISE, FIVE, 0.19)).toBe(5);
    expect(roomForPush(NO_RISE, FIVE, 0.2)).toBe(4);
  });

  it('counts builds, not pushes: a rare large push has a large part of them', () => {
    const mostlySingle = pushOf(0.9, 0, 0, 0, 0, 0, 0, 0, 0, 0.1);

    // Of the 1.9 builds of a push, on average, 0.1 are the last ones of a large push.
    expect(roomForPush(NO_RISE, mostlySingle, 0.052)).toBe(10);
    expect(roomForPush(NO_RISE, mostlySingle, 0.053)).toBe(9);
  });

  it('has room for a push before it if that is likely enough', () => {
    const before = (chance: number): Chances => riseOf({ singles: [{ chance, sizes: [5], price: 30 }] });

    expect(roomForPush(before(0.04), FIVE, ALLOWED)).toBe(5);
    expect(roomForPush(before(0.06), FIVE, ALLOWED)).toBeGreaterThan(5);
    expect(roomForPush(before(0.9), FIVE, ALLOWED)).toBe(10);
  });

  it('has room for what is announced, and counts on builds that end', () => {
    expect(roomForPush(riseOf({ known: 3 }), FIVE, ALLOWED)).toBe(8);
    expect(roomForPush(riseOf({ leaving: [{ count: 2, chance: 1 }] }), FIVE, ALLOWED)).toBe(3);
  });

  it('has no room for surprises where hardly a build is one', () => {
    const announced = (announcedShare: number): NextPush => ({ ...FIVE, announcedShare });

    expect(roomForPush(riseOf({ known: 3 }), announced(0.96), ALLOWED)).toBe(3);
    expect(roomForPush(riseOf({ known: 3 }), announced(0.9), ALLOWED)).toBe(6);
  });

  it('is the least room with which no more than the allowed share waits', () => {
    const share = fc.double({ min: 0.001, max: 0.5, noNaN: true });
    const sizes = fc
      .array(fc.nat(9), { minLength: 1, maxLength: 12 })
      .filter((all) => all.some((one) => one > 0));
    fc.assert(
      fc.property(sizes, fc.double({ min: 0, max: 3, noNaN: true }), share, (weights, mean, allowed) => {
        const sum = weights.reduce((all, one) => all + one, 0);
        const next = pushOf(...weights.map((one) => one / sum));
        const rise = riseOf({ pushes: { mean, shape: 1e6 }, sizes: next.sizes });
        const room = roomForPush(rise, next, allowed);

        expect(waitingShare(rise, next.sizes, room)).toBeLessThanOrEqual(allowed + 1e-9);
        if (room > 0) expect(waitingShare(rise, next.sizes, room - 1)).toBeGreaterThan(allowed - 1e-9);
      }),
    );
  });
});

/** By the definition: over all rises and sizes, the builds without a place, of all builds. */
function waitingShare({ from, chances }: Chances, sizes: Float64Array, room: number): number {
  let waiting = 0;
  let all = 0;
  chances.forEach((atLeast, nth) => {
    const chance = atLeast - (chances[nth + 1] ?? 0);
    sizes.forEach((ofSize, size) => {
      const free = Math.max(0, room - from - nth);
      waiting += chance * ofSize * Math.max(0, size - free);
      all += chance * ofSize * size;
    });
  });
  return waiting / all;
}

describe('WaitBound', () => {
  const ofMany = pushOf(...Array.from({ length: 20 }, (_, nth) => 0.3 * 0.7 ** nth));
  const roomAfter = (waits: readonly number[], seconds = 30): number => {
    const bound = new WaitBound(seconds, LEAD_SECONDS);
    bound.learn({ nowSeconds: START, waits });
    return bound.room(NO_RISE, ofMany).order;
  };
  const times = (count: number, wait: number): readonly number[] => new Array<number>(count).fill(wait);

  it('wants none where waits end in time anyway, when the node that was ordered for them is ready', () => {
    expect(roomAfter([], LEAD_SECONDS)).toBe(0);
    expect(roomAfter([], LEAD_SECONDS - 1)).toBeGreaterThan(3);
  });

  it('wants more when builds were late, and as much as before after many in time', () => {
    const before = roomAfter([]);

    expect(roomAfter(times(5, 31))).toBeGreaterThan(before);
    expect(roomAfter(times(5, 30))).toBe(before);
    expect(roomAfter([...times(5, 31), ...times(120, 0)])).toBe(before);
  });

  it('never wants less than what the forecast says, however many are in time', () => {
    expect(roomAfter(times(100_000, 0))).toBe(roomAfter([]));
  });

  it('forgets a bad day within weeks: it never wants more than for the largest pushes', () => {
    expect(roomAfter([...times(5_000, 31), ...times(1_000, 0)])).toBe(roomAfter([]));
    expect(roomAfter(times(5_000, 31))).toBeLessThanOrEqual(20);
  });

  it('keeps room for a push that comes now, though builds that end make room for one later', () => {
    const bound = new WaitBound(30, LEAD_SECONDS);
    bound.learn({ nowSeconds: START });

    expect(bound.room(riseOf({ leaving: [{ count: 9, chance: 1 }] }), FIVE)).toEqual({ order: 0, keep: 5 });
    expect(bound.room(riseOf({ known: 4 }), FIVE)).toEqual({ order: 9, keep: 9 });
  });

  it.each([1, 2, 5, 20])(
    'holds the bound where pushes cluster so that %i times as many builds wait as the forecast says',
    (times) => {
      const random = seededRandom(7);
      const bound = new WaitBound(30, LEAD_SECONDS);
      let late = 0;
      const builds = 20_000;
      for (let nth = 0; nth < builds; nth += 1) {
        const room = bound.room(NO_RISE, ofMany).order;
        const isLate = random.next() < times * waitingShare(NO_RISE, ofMany.sizes, room);
        bound.learn({ nowSeconds: START + nth * 60, waits: [isLate ? 60 : 0] });
        late += isLate ? 1 : 0;
      }

      expect(late / builds).toBeLessThanOrEqual(0.05);
    },
  );
});

describe('the state of a WaitBound', () => {
  function stateAfter(late: number, of: number, daysAgo = 0) {
    const bound = new WaitBound(30, LEAD_SECONDS);
    const waits = Array.from({ length: of }, (_, nth) => (nth < late ? 31 : 30));
    bound.learn({ nowSeconds: START, waits });
    bound.learn({ nowSeconds: START + daysAgo * DAY });
    return bound.state;
  }

  it('has the share of the builds of the last two weeks that waited longer', () => {
    expect(stateAfter(3, 40)).toMatchObject({ seconds: 30, lateShare: 0.075 });
    expect(stateAfter(3, 40, 13).lateShare).toBe(0.075);
    expect(stateAfter(3, 40, 15).lateShare).toBeUndefined();
  });

  it('has none of few builds', () => {
    expect(stateAfter(39, 39).lateShare).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { seededRandom } from '../simulate/random.ts';
import type { DemandView } from './buffer-rule.ts';
import { type Calendar, parseCalendar } from './calendar.ts';
import { type Changes, chanceOfAtLeast, chancesOfRise } from './demand-chances.ts';
import { priceRule } from './price-rule.ts';
import { PushCounts } from './push-counts.ts';
import { PushForecast } from './push-forecast.ts';
import { PushSizes } from './push-sizes.ts';
import { logGamma, RecentActivity } from './recent-activity.ts';
import { roomToKeep, roomToOrder, usedPlaces } from './waiting-price.ts';

const DAY = 86_400;
const HOUR = 3600;
/** A Monday. */
const START = 1_704_067_200;
/** So large a shape is a Poisson distribution. */
const POISSON = 1e6;

const changes = (over: Partial<Changes> = {}): Changes => ({
  ...{ pushes: { mean: 0, shape: POISSON }, sizes: Float64Array.of(0, 1) },
  ...{ singles: [], known: 0, leaving: [], price: 30 },
  ...over,
});

describe('chancesOfRise', () => {
  it('is Poisson for independent pushes of one build', () => {
    const rise = chancesOfRise(changes({ pushes: { mean: 2, shape: POISSON } }));

    expect(chanceOfAtLeast(rise, 0)).toBe(1);
    expect(chanceOfAtLeast(rise, 1)).toBeCloseTo(1 - Math.exp(-2), 4);
    expect(chanceOfAtLeast(rise, 2)).toBeCloseTo(1 - 3 * Math.exp(-2), 4);
  });

  it('counts builds, not pushes', () => {
    const rise = chancesOfRise(
      changes({ pushes: { mean: 1, shape: POISSON }, sizes: Float64Array.of(0, 0, 0, 0, 0, 1) }),
    );

    expect(chanceOfAtLeast(rise, 5)).toBeCloseTo(1 - Math.exp(-1), 4);
    expect(chanceOfAtLeast(rise, 1)).toBeCloseTo(chanceOfAtLeast(rise, 5), 9);
    expect(chanceOfAtLeast(rise, 6)).toBeLessThan(0.3);
  });

  it('is wider the less certain the rate is', () => {
    const far = (shape: number): number =>
      chanceOfAtLeast(chancesOfRise(changes({ pushes: { mean: 4, shape } })), 10);

    expect(far(1)).toBeGreaterThan(5 * far(POISSON));
  });

  it('subtracts the builds that end, and adds what is announced', () => {
    const rise = chancesOfRise(changes({ known: 3, leaving: [{ count: 2, chance: 0.5 }] }));

    expect([1, 2, 3, 4].map((pods) => chanceOfAtLeast(rise, pods))).toEqual([1, 0.75, 0.25, 0]);
  });

  it('adds a push that comes with a chance', () => {
    const rise = chancesOfRise(changes({ singles: [{ chance: 0.9, sizes: [20, 10], price: 30 }] }));

    expect(chanceOfAtLeast(rise, 10)).toBeCloseTo(0.9, 9);
    expect(chanceOfAtLeast(rise, 11)).toBeCloseTo(0.45, 9);
  });

  it('hardly changes where a normal distribution takes over', () => {
    const at = (mean: number): number =>
      chanceOfAtLeast(chancesOfRise(changes({ pushes: { mean, shape: POISSON } })), 75);

    expect(Math.abs(at(60.1) - at(59.9))).toBeLessThan(0.01);
  });
});

describe('the room that pays', () => {
  const rise = chancesOfRise(changes({ pushes: { mean: 3, shape: POISSON } }));

  it.each([1, 3, 30, 300])(
    'is the quantile price / (price + 1) of demand for one place on a node: price %d',
    (price) => {
      const room = roomToKeep(rise, { price, podsPerNode: 1 }, 0);

      expect(chanceOfAtLeast(rise, room + 1)).toBeLessThan(1 / (price + 1));
      expect(chanceOfAtLeast(rise, room)).toBeGreaterThanOrEqual(1 / (price + 1));
    },
  );

  it('falls with the free room and grows with the price', () => {
    expect(usedPlaces(rise, 0, 3)).toBeGreaterThan(usedPlaces(rise, 3, 3));
    const rooms = [1, 30, 300].map((price) => roomToOrder(rise, { price, podsPerNode: 3 }, 5));
    expect(rooms.toSorted((one, other) => one - other)).toEqual(rooms);
    expect(rooms[2]).toBeGreaterThan(rooms[0] ?? 0);
  });

  it('never keeps less than it orders', () => {
    for (const price of [0, 1, 30, 300])
      expect(roomToKeep(rise, { price, podsPerNode: 3 }, 0)).toBeGreaterThanOrEqual(
        roomToOrder(rise, { price, podsPerNode: 3 }, 0),
      );
  });

  it('is none where nothing can come', () => {
    expect(roomToKeep(chancesOfRise(changes()), { price: 300, podsPerNode: 3 }, 0)).toBe(0);
  });
});

describe('PushCounts', () => {
  /** Calls `each` for every day, and closes it. */
  function learned(
    days: number,
    each: (counts: PushCounts, midnight: number, day: number) => void,
  ): PushCounts {
    const counts = new PushCounts();
    counts.advance(START);
    for (let day = 0; day < days; day += 1) {
      each(counts, START + day * DAY, day);
      counts.advance(START + (day + 1) * DAY);
    }
    return counts;
  }
  const nightly = (counts: PushCounts, midnight: number): void => counts.pushed(midnight + 2 * HOUR + 5, 20);

  it('knows a push of two nights as a peak of its minute, and expects no other', () => {
    const counts = learned(2, nightly);
    const [peak] = counts.peaks(START + 2 * DAY);

    expect(peak).toMatchObject({ minute: 120, earliestSecond: 2 * HOUR + 5, sizes: [20, 20] });
    expect(peak?.chance).toBeGreaterThan(0.8);
    expect(counts.expected(START + 2 * DAY, START + 3 * DAY)).toBeLessThan(0.1);
  });

  it('takes one night for chance', () => {
    expect(learned(1, nightly).peaks(START + DAY)).toEqual([]);
  });

  it('takes pushes at any minute of an hour for a rate', () => {
    const random = seededRandom(5);
    const counts = learned(10, (into, midnight) => {
      for (let nth = 0; nth < 60; nth += 1) into.pushed(midnight + 9 * HOUR + random.next() * HOUR, 3);
    });

    expect(counts.peaks(START + 10 * DAY).length).toBeLessThan(2);
    expect(counts.expected(START + 10 * DAY + 9 * HOUR, START + 10 * DAY + 10 * HOUR)).toBeGreaterThan(45);
  });

  it('does not expect at weekends what comes on working days', () => {
    const counts = learned(14, (into, midnight, day) => {
      if (day % 7 < 5) nightly(into, midnight);
    });

    expect(counts.peaks(START + 14 * DAY).map(({ minute }) => minute)).toEqual([120]);
    expect(counts.peaks(START + 19 * DAY)).toEqual([]);
  });

  it('knows the hour on the second day', () => {
    const counts = learned(1, (into, midnight) => {
      for (let nth = 0; nth < 40; nth += 1) into.pushed(midnight + 9 * HOUR + nth * 90, 5);
    });
    const nine = START + DAY + 9 * HOUR;

    expect(counts.expected(nine, nine + HOUR)).toBeGreaterThan(30);
    expect(counts.expected(nine + 3 * HOUR, nine + 4 * HOUR)).toBeLessThan(1);
  });
});

describe('PushCounts with a calendar', () => {
  /** Two weeks of pushes on working days from 9 to 17, and a nightly pipeline; then the usual pushes of a Wednesday morning. */
  function wednesday(calendar?: Calendar) {
    const counts = new PushCounts(calendar);
    for (let day = 0; day < 14; day += 1) {
      counts.advance(START + day * DAY);
      counts.pushed(START + day * DAY + 2 * HOUR, 20);
      for (let hour = 9; hour < 17 && day % 7 < 5; hour += 1)
        counts.pushed(START + day * DAY + hour * HOUR + day * 240, 3);
    }
    const midnight = START + 16 * DAY;
    counts.advance(midnight);
    return {
      pushes: counts.expected(midnight + 9 * HOUR, midnight + 17 * HOUR),
      nightly: counts.peaks(midnight).map(({ minute }) => minute),
    };
  }
  const read = parseCalendar('# holidays\n2024-01-17\n');

  it('expects hardly a push on a holiday, and the nightly pipeline as on any day', () => {
    const calendar = 'calendar' in read ? read.calendar : undefined;

    expect(wednesday().pushes).toBeGreaterThan(5);
    expect(wednesday(calendar).pushes).toBeLessThan(1);
    expect(wednesday(calendar).nightly).toEqual(wednesday().nightly);
  });

  it.each([
    ['2026-12-24 Sat', [[20_811, 5]]],
    ['2026-12-25', [[20_812, 6]]],
  ])('reads "%s"', (text, want) => {
    const found = parseCalendar(text);

    expect('calendar' in found && [...found.calendar]).toEqual(want);
  });

  it.each(['2026-02-30', '25.12.2026', '2026-12-25 holiday', '2026-12-25 Xyz'])('refuses "%s"', (text) => {
    const found = parseCalendar(`\n${text}`);

    expect('problem' in found ? found.problem : '').toContain('line 2 is not a date');
  });
});

describe('PushCounts of a service that was started in the afternoon', () => {
  it('takes no morning that it has not seen for a quiet one', () => {
    const counts = new PushCounts();
    for (let at = START + 15 * HOUR; at < START + DAY; at += 600) {
      counts.advance(at);
      counts.pushed(at, 5);
    }
    counts.advance(START + DAY);
    const usual = (hour: number): number =>
      counts.expected(START + DAY + hour * HOUR, START + DAY + (hour + 1) * HOUR);

    expect(usual(20)).toBeCloseTo(6, 0);
    expect(usual(9)).toBeGreaterThan(3);
  });
});

describe('PushSizes', () => {
  it('leaves out the pushes of a peak', () => {
    const sizes = new PushSizes();
    for (let day = 0; day < 50; day += 1) {
      sizes.pushed(START + day * DAY + 2 * HOUR, 40);
      sizes.pushed(START + day * DAY + 9 * HOUR + 61 * day, 2);
    }
    const peak = { minute: 120, earliestSecond: 7200, latestSecond: 7200, chance: 1, sizes: [40], price: 30 };

    expect(sizes.chances([])[40]).toBeCloseTo(0.5, 1);
    expect(sizes.chances([peak])[40] ?? 0).toBe(0);
    expect(sizes.chances([peak])[2]).toBeCloseTo(1, 1);
  });
});

describe('RecentActivity', () => {
  /** Lead times of 200 s with one usual push each. */
  function after(pushes: readonly number[]): RecentActivity {
    const activity = new RecentActivity(200);
    pushes.forEach((count, nth) => {
      activity.judge(nth * 200, 1);
      activity.passed(200, count, 1);
    });
    return activity;
  }
  const times = (count: number, value: number): readonly number[] =>
    Array.from({ length: count }, () => value);

  it('doubles what is expected when twice as much comes', () => {
    expect(after(times(200, 2)).factor.mean).toBeCloseTo(2, 0);
  });

  it('follows sessions fast once they were seen, and independent pushes hardly', () => {
    const session = [...times(10, 5), ...times(40, 0)];
    const inSessions = after([...session, ...session, ...session, ...session, ...session, ...times(5, 5)]);
    const random = seededRandom(3);
    const coins = Array.from({ length: 400 }, () => (random.next() < 0.5 ? 2 : 0));
    const independent = after([...coins, 3, 3]);

    expect(inSessions.factor.mean).toBeGreaterThan(2.5);
    expect(independent.factor.mean).toBeLessThan(1.5);
  });

  it('expects next to nothing after a long silence, and the usual again with the first push', () => {
    expect(after([...times(100, 1), ...times(40, 0)]).factor.mean).toBeLessThan(0.1);
    expect(after([...times(100, 1), ...times(40, 0), 1]).factor.mean).toBeGreaterThan(0.1);
  });
});

describe('logGamma', () => {
  it.each([
    [0.3, 1.0957979948],
    [1, 0],
    [4.5, 2.4537365708],
    [100, 359.1342053696],
  ])('of %d', (value, want) => {
    expect(logGamma(value)).toBeCloseTo(want, 8);
  });
});

describe('PushForecast', () => {
  /** The chance that a build ends within half of the lead time. */
  const EARLY_END = 0.1;
  const TICK_SECONDS = 10;

  /** What changes in a lead time of 200 s, after a day with a push of two builds each minute; run times are up to 1,000 s, all alike, and a hundred builds begin now. Then half as much comes for some hours. */
  function changesWith(knownAhead: number, quietHours = 0): Changes {
    const forecast = new PushForecast(200, () => 30);
    let view: DemandView | undefined;
    const quietFrom = START + 1.5 * DAY;
    for (let at = START; at < quietFrom + quietHours * HOUR; at += 10) {
      const isQuiet = at >= quietFrom;
      const arrivals = (at / 10) % (isQuiet ? 12 : 6) === 0 ? [at, at] : [];
      view = {
        ...{ nowSeconds: at + 1, bootSeconds: 180, waitingTotal: 0, arrivals },
        knownAhead: isQuiet ? knownAhead / 2 : knownAhead,
        running: Array.from({ length: 100 }, () => ({ name: '', startedAt: at + 1 })),
        finished: [{ name: '', seconds: ((at / 10) * 7) % 1000 }],
      };
      forecast.learn(view);
    }
    if (view === undefined) throw new Error('no time passed');
    return forecast.changes(view, 200);
  }

  /** Pushes that are expected to come unannounced. */
  const unannounced = (knownAhead: number, quietHours = 0): number =>
    changesWith(knownAhead, quietHours).pushes.mean / (1 - EARLY_END);

  /** Builds, of the hundred, that are expected to end. */
  const ending = (knownAhead: number): number =>
    changesWith(knownAhead).leaving.reduce((sum, { count, chance }) => sum + count * chance, 0);

  it('expects the unannounced pushes of one tick where all are announced a boot before they come', () => {
    expect(unannounced(6)).toBeCloseTo(TICK_SECONDS / 60, 1);
  });

  it('expects half of them where half are announced', () => {
    expect(unannounced(3)).toBeCloseTo(200 / 60 / 2, 0);
    expect(unannounced(0)).toBeCloseTo(200 / 60, 0);
  });

  it('expects no more of them on a quieter day than usual', () => {
    expect(unannounced(6, 8)).toBeLessThanOrEqual(unannounced(6));
    expect(unannounced(3, 8)).toBeGreaterThan(2 * unannounced(6));
  });

  it('counts ends for as long as arrivals: for the lead time of two ticks and a boot, and for a tick less where all are announced', () => {
    expect(ending(0)).toBeCloseTo(20, 0);
    expect(ending(6)).toBeCloseTo(19, 0);
  });
});

describe('priceRule', () => {
  /** One push of three builds every six minutes from 9 to 17 o'clock, for some days; then what it keeps at an hour. */
  function roomAt(hour: number, price: number, days = 3, waitBoundSeconds?: number) {
    const rule = priceRule({ leadSeconds: 200, prices: { usual: price, byEvent: {} }, waitBoundSeconds });
    let arrivals: number[] = [];
    let answer: { readonly order: number; readonly keep: number } = { order: 0, keep: 0 };
    for (let at = START; at <= START + days * DAY + hour * HOUR; at += 60) {
      const ofDay = Math.floor(((at - START) % DAY) / HOUR);
      if (ofDay >= 9 && ofDay < 17 && (at / 60) % 6 === 1) arrivals.push(at, at, at);
      const view: DemandView = {
        ...{ nowSeconds: at + 1, bootSeconds: 180, waitingTotal: 0, running: [], arrivals },
        ...{ finished: [], knownAhead: 0, podsPerNode: 3 },
      };
      answer = { order: rule.bufferPods(view), keep: rule.keepPods?.(view) ?? 0 };
      arrivals = [];
    }
    return { ...answer, because: rule.because?.(), bound: rule.bound?.() };
  }

  /** Nights on which twenty builds of this event come at two o'clock; then the free room that it orders three minutes before. */
  function roomBeforeNightly(
    event: string,
    byEvent: Readonly<Record<string, number>>,
    waitBoundSeconds?: number,
  ): number {
    const rule = priceRule({ leadSeconds: 200, prices: { usual: 30, byEvent }, waitBoundSeconds });
    let pods = 0;
    for (let at = START; at <= START + 4 * DAY + 2 * HOUR - 180; at += 60) {
      const arrivals = (at - START) % DAY === 2 * HOUR ? new Array<number>(20).fill(at + 5) : [];
      pods = rule.bufferPods({
        ...{ nowSeconds: at + 10, bootSeconds: 180, waitingTotal: 0, running: [], arrivals },
        ...{ events: arrivals.map(() => event), finished: [], knownAhead: 0, podsPerNode: 3 },
      });
    }
    return pods;
  }

  it('orders nodes before a nightly pipeline, and none where the waiting of its event is worth nothing', () => {
    expect(roomBeforeNightly('cron', {})).toBeGreaterThanOrEqual(18);
    expect(roomBeforeNightly('cron', { cron: 0.1 })).toBe(0);
    expect(roomBeforeNightly('push', { cron: 0.1 })).toBeGreaterThanOrEqual(18);
  });

  it('keeps nothing at night, and room for a push by day', () => {
    expect(roomAt(3, 30)).toMatchObject({ order: 0, keep: 0 });
    expect(roomAt(12, 30).order).toBeGreaterThanOrEqual(3);
  });

  it('keeps room on the first day after some pushes, and none before the first one', () => {
    expect(roomAt(12, 30, 0).order).toBeGreaterThanOrEqual(3);
    expect(roomAt(8, 30, 0)).toMatchObject({ order: 0, keep: 0 });
  });

  it('keeps more the dearer waiting is, and nothing by day where it costs nothing', () => {
    expect(roomAt(12, 0).order).toBe(0);
    expect(roomAt(12, 300).order).toBeGreaterThan(roomAt(12, 30).order);
  });

  it('keeps room for a push at any time with a bound for the wait, even where waiting costs nothing', () => {
    expect(roomAt(3, 30, 3, 30)).toMatchObject({
      ...{ order: 3, keep: 3 },
      because: 'room for 3 more Pods lets 95 % of the builds wait no longer than 30 s',
      bound: { seconds: 30, pods: 3, lateShare: undefined },
    });
    expect(roomAt(12, 0, 3, 30).order).toBeGreaterThan(3);
  });

  it('keeps what the price wants where the bound wants less', () => {
    const { bound, ...beside } = roomAt(12, 300, 3, 30);
    const { bound: none, ...priced } = roomAt(12, 300);

    expect(bound?.pods).toBeLessThan(priced.order);
    expect(beside).toEqual(priced);
    expect(none).toBeUndefined();
  });

  it('has room for a nightly pipeline with a bound, and for a push beside it, whatever the price of its event is', () => {
    expect(roomBeforeNightly('cron', { cron: 0.1 }, 30)).toBeGreaterThanOrEqual(24);
    expect(roomBeforeNightly('cron', { cron: 0.1 }, 200)).toBe(0);
  });
});

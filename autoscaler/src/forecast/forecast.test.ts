import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../simulate/random.ts';
import { ArrivalProfile } from './arrival-profile.ts';
import { BackTest, pinballLoss } from './back-test.ts';
import { DemandForecast } from './demand-forecast.ts';
import { QuantileTracker } from './quantile-tracker.ts';
import { RunTimes } from './run-times.ts';
import { WaitController } from './wait-controller.ts';

const DAY = 86_400;
const HOUR = 3600;
/** A Monday. */
const START = 1_704_067_200;

describe('ArrivalProfile', () => {
  /** A hundred arrivals from 9 to 10, on Mondays to Fridays; nothing else. */
  function learned(days: number): ArrivalProfile {
    const profile = new ArrivalProfile();
    profile.advance(START);
    for (let day = 0; day < days; day += 1) {
      const nine = START + day * DAY + 9 * HOUR;
      for (let count = 0; day % 7 < 5 && count < 100; count += 1) profile.arrived(nine + count * 36);
      profile.advance(START + (day + 1) * DAY);
    }
    return profile;
  }

  it('learns the hour, and the quarters of an hour', () => {
    const monday = START + 14 * DAY;

    expect(learned(14).expected(monday + 9 * HOUR, monday + 10 * HOUR)).toBeCloseTo(100, 0);
    expect(learned(14).expected(monday + 9 * HOUR, monday + 9 * HOUR + 450)).toBeCloseTo(12.5, 0);
    expect(learned(14).expected(monday + 10 * HOUR, monday + 12 * HOUR)).toBe(0);
  });

  it('learns that weekends are quiet', () => {
    const saturday = START + 19 * DAY;

    expect(learned(14).expected(saturday + 9 * HOUR, saturday + 10 * HOUR)).toBeLessThan(1);
  });

  it('uses the shape of other weekdays for one that it has not seen', () => {
    const wednesday = START + 2 * DAY;

    expect(learned(2).expected(wednesday + 9 * HOUR, wednesday + 10 * HOUR)).toBeCloseTo(100, 0);
  });

  it('expects nothing before the first whole day', () => {
    expect(new ArrivalProfile().expected(START, START + DAY)).toBe(0);
    expect(learned(3).wholeDays).toBe(3);
  });
});

describe('RunTimes', () => {
  const after = (times: readonly number[]): RunTimes => {
    const runTimes = new RunTimes();
    times.forEach((seconds) => runTimes.ended(seconds));
    return runTimes;
  };

  it('returns 0 while there are too few data', () => {
    expect(after([1, 2, 3]).chanceOfEnd(0, 1000)).toBe(0);
  });

  it('learns that builds that outlived the short ones go on', () => {
    const mixed = after(Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 10 : 1000)));

    expect(mixed.chanceOfEnd(0, 60)).toBeCloseTo(0.5, 1);
    expect(mixed.chanceOfEnd(60, 60)).toBeLessThan(0.01);
    expect(mixed.chanceOfEnd(60, 5000)).toBeCloseTo(1, 2);
  });

  it('has ended half of the builds of an age after their median rest, whatever the run times were', () => {
    const runTimes = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 50, maxLength: 300 });
    fc.assert(
      fc.property(runTimes, fc.double({ min: 0, max: 1, noNaN: true }), (times, share) => {
        const learned = after(times);
        const age = share * Math.max(...times) * 0.9;

        expect(learned.chanceOfEnd(age, learned.medianRest(age))).toBeCloseTo(0.5, 6);
      }),
    );
  });

  it('gives a chance between 0 and 1 at any age', () => {
    const some = after(Array.from({ length: 100 }, (_, index) => index + 1));

    for (const age of [0, 1, 50, 1e3, 1e9]) {
      const chance = some.chanceOfEnd(age, 100);
      expect(chance >= 0 && chance <= 1).toBe(true);
    }
  });
});

describe('QuantileTracker', () => {
  it.each([0.5, 0.9])('converges above a share of %d of the values', (share) => {
    const random = seededRandom(4);
    const tracker = new QuantileTracker(share, 0);
    let above = 0;
    for (let count = 0; count < 20_000; count += 1) {
      const value = random.normal() + 2;
      if (count >= 10_000 && value <= tracker.value) above += 1;
      tracker.saw(value);
    }

    expect(Math.abs(above / 10_000 - share)).toBeLessThan(0.03);
  });
});

describe('BackTest', () => {
  it('returns the largest rise of the lead time, once it is over', () => {
    const test = new BackTest<string>(30);
    const reported = [5, 9, 4, 6, 3].map((demand, tick) => test.note(tick * 10, demand, `at ${tick * 10}`));

    expect(reported).toEqual([
      [],
      [],
      [],
      [{ at: 0, note: 'at 0', risePods: 4 }],
      [{ at: 10, note: 'at 10', risePods: 0 }],
    ]);
  });

  it('counts a shortage as worse than a surplus for a high quantile', () => {
    expect(pinballLoss(0.9, 0, 10)).toBeCloseTo(9, 9);
    expect(pinballLoss(0.9, 10, 0)).toBeCloseTo(1, 9);
  });
});

describe('DemandForecast', () => {
  /** Five Pods a minute from 9 to 10 on every day; queried on the sixth, with a lead time of five minutes. */
  function learned(knownAhead = 0) {
    const forecast = new DemandForecast({ leadSeconds: 300, quantile: 0.9 });
    let arrivals: number[] = [];
    const look = (nowSeconds: number) => {
      const busy = Math.floor((nowSeconds % DAY) / HOUR) === 9;
      const seen = {
        nowSeconds,
        arrivals,
        finished: [],
        running: [],
        waitingTotal: 0,
        knownAhead: busy ? knownAhead : 0,
      };
      forecast.learn(seen);
      arrivals = [];
      return { buffer: forecast.ahead(seen).bufferPods, keep: forecast.worthKeeping(seen, 0) };
    };
    for (let day = 0; day < 5; day += 1) {
      for (let at = START + day * DAY; at < START + (day + 1) * DAY; at += 60) {
        const hour = Math.floor(((at - START) % DAY) / HOUR);
        for (let count = 0; hour === 9 && count < 5; count += 1) arrivals.push(at + count);
        look(at + 30);
      }
    }
    return { forecast, look };
  }
  const day = START + 5 * DAY;

  it('forecasts a daily rise before it starts', () => {
    const { look } = learned();

    expect(look(day + 7 * HOUR).buffer).toBeLessThan(10);
    expect(look(day + 9 * HOUR - 60).buffer).toBeGreaterThan(18);
  });

  it('keeps room for a rise that it does not order for yet, and none after it', () => {
    const { look } = learned();
    const before = look(day + 9 * HOUR - 400);
    const after = look(day + 10 * HOUR + 60);

    expect(before.buffer).toBeLessThan(10);
    expect(before.keep).toBeGreaterThan(15);
    expect(after.keep).toBeLessThan(10);
  });

  it('learns which share of the arrivals is announced', () => {
    expect(learned().forecast.unknownShare).toBe(1);
    expect(learned(25).forecast.unknownShare).toBeLessThan(0.2);
  });
});

describe('WaitController', () => {
  const after = (late: number, of: number, share = 0.5): number => {
    const controller = new WaitController(10);
    controller.learn(
      Array.from({ length: of }, (_, index) => (index % 100 < late ? 6 : 5)),
      share,
    );
    return controller.margin;
  };

  it('raises the margin when more than a twentieth waited longer than the objective, and lowers it when fewer did', () => {
    expect(after(10, 10_000)).toBeGreaterThan(0);
    expect(after(0, 10_000)).toBeLessThan(0);
  });

  it('holds waits to the given share of the objective', () => {
    expect(after(10, 10_000, 0.6)).toBeLessThan(0);
    expect(after(0, 10_000, 0.4)).toBeGreaterThan(0);
  });

  it('stays within bounds, whatever the waits are', () => {
    expect(after(100, 200_000)).toBe(2);
    expect(after(0, 200_000)).toBe(-1.2);
  });
});

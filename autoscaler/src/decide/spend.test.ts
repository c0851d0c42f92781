import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QuotaFact } from '../advise/engines.ts';
import type { Pool } from '../capacity/pools.ts';
import { SpendBook } from '../capacity/spend-book.ts';
import { quotaRoomPods } from './quota-room.ts';
import type { PoolSize, Spend } from './recommendation.ts';
import { affordablePerHour, type SpendLimit, spendOf, withinSpend } from './spend.ts';

const HOUR = 3_600_000;
const MIDNIGHT = Date.UTC(2026, 0, 14);
const MONEY: SpendLimit = { prices: { a: 1, b: 2 }, currency: 'EUR', maxPerDay: 100 };
const allocatable = { cpuMillicores: 4000, memoryBytes: 2 ** 33, pods: 110 };
const aPool = (name: string, createdMs: readonly number[]): Pool => ({
  name,
  spec: { allocatable },
  shape: { name, allocatable, source: 'test' },
  owner: 'unknown',
  nodes: createdMs.map((created, nth) => ({
    name: `${name}${nth}`,
    ready: true,
    closed: false,
    builds: 0,
    used: { cpuMillicores: 0, memoryBytes: 0 },
    createdMs: created,
  })),
});
const nodes = (count: number, createdMs = MIDNIGHT) => Array.from({ length: count }, () => createdMs);
const aSize = (pool: string, change: Partial<PoolSize> = {}): PoolSize => ({
  pool,
  owner: 'unknown',
  actualNodes: 0,
  readyNodes: 0,
  emptyNodes: 0,
  desiredNodes: 0,
  needNodes: 0,
  shrinkToNodes: 0,
  shortNodes: 0,
  spareNodes: 0,
  nodePerHour: undefined,
  waitP95Seconds: undefined,
  tooLargeShare: 0,
  because: [],
  ...change,
});
const aSpend = (today: number, maxPerDay: number | undefined = 100): Spend => ({
  perHourNow: 0,
  today,
  countedFromMs: MIDNIGHT,
  maxPerDay,
  unpricedPools: [],
});

describe('node-hours of a day', () => {
  it('count nodes that existed between two observations', () => {
    const book = new SpendBook();
    book.take(MIDNIGHT + HOUR, [aPool('a', nodes(2, MIDNIGHT + HOUR))]);
    book.take(MIDNIGHT + 2 * HOUR, [aPool('a', nodes(5))]);
    const hours = book.take(MIDNIGHT + 3 * HOUR, []);

    expect(hours.byPool.get('a')).toBeCloseTo(2 + 5);
    expect(book.take(MIDNIGHT + 9 * HOUR, []).byPool.get('a')).toBeCloseTo(7);
  });

  it("count nodes from their creation when the service starts, but not yesterday's hours", () => {
    const pool = aPool('a', [MIDNIGHT - 9 * HOUR, MIDNIGHT + 2 * HOUR]);
    const hours = new SpendBook().take(MIDNIGHT + 4 * HOUR, [pool]);

    expect(hours.byPool.get('a')).toBeCloseTo(4 + 2);
    expect(hours.countedFromMs).toBe(MIDNIGHT + 4 * HOUR);
  });

  it('restart at midnight, also when nothing was observed for a while', () => {
    const book = new SpendBook();
    book.take(MIDNIGHT + 20 * HOUR, [aPool('a', nodes(3))]);
    const hours = book.take(MIDNIGHT + 26 * HOUR, [aPool('a', nodes(3))]);

    expect(hours).toMatchObject({ countedFromMs: MIDNIGHT + 24 * HOUR });
    expect(hours.byPool.get('a')).toBeCloseTo(3 * 2);
  });

  it('start with the first pool that is seen', () => {
    const book = new SpendBook();
    book.take(MIDNIGHT + HOUR, []);

    expect(book.take(MIDNIGHT + 3 * HOUR, [aPool('a', nodes(1))]).byPool.get('a')).toBeCloseTo(3);
  });

  it('count nothing twice when the clock is set back', () => {
    const book = new SpendBook();
    book.take(MIDNIGHT + 5 * HOUR, [aPool('a', nodes(1, MIDNIGHT + 5 * HOUR))]);
    book.take(MIDNIGHT + 6 * HOUR, [aPool('a', nodes(1))]);
    book.take(MIDNIGHT + 4 * HOUR, [aPool('a', nodes(1))]);

    expect(book.take(MIDNIGHT + 4 * HOUR, []).byPool.get('a') ?? 0).toBeLessThanOrEqual(1);
  });
});

describe('what is spent', () => {
  it('is node-hours times price; pools without a price are named', () => {
    const hours = {
      byPool: new Map([
        ['a', 10],
        ['b', 5],
        ['c', 7],
      ]),
      countedFromMs: MIDNIGHT,
    };
    const pools = [aPool('a', nodes(3)), aPool('b', nodes(1)), aPool('c', nodes(9))];

    expect(spendOf(pools, hours, MONEY)).toEqual({
      perHourNow: 5,
      today: 20,
      countedFromMs: MIDNIGHT,
      maxPerDay: 100,
      unpricedPools: ['c'],
    });
    expect(spendOf([aPool('c', nodes(1))], hours, MONEY)).toBeUndefined();
  });

  it('must leave enough for an hour, or for the rest of the day', () => {
    expect(affordablePerHour(aSpend(60), MIDNIGHT + HOUR)).toBe(40);
    expect(affordablePerHour(aSpend(60), MIDNIGHT + 23.5 * HOUR)).toBe(80);
    expect(affordablePerHour(aSpend(120), MIDNIGHT + HOUR)).toBe(0);
  });
});

describe('the spend of a day', () => {
  const where = { nowMs: MIDNIGHT + HOUR, stepDown: 100 };
  const wanted = [aSize('a', { desiredNodes: 30, spareNodes: 30 }), aSize('b', { desiredNodes: 30 })];

  it('gives to the first pool first, and explains why the others get less', () => {
    const [first, second] = withinSpend(wanted, aSpend(50), MONEY, where);

    expect(first?.desiredNodes).toBe(30);
    expect(second).toMatchObject({ desiredNodes: 10, shortNodes: 20 });
    expect(second?.because.at(-1)).toBe(
      '10 at most: 50.00 EUR of 100.00 EUR a day are spent, so all pools together may cost at most 50.00 EUR an hour',
    );
  });

  it('has no effect without a bound, and none on pools without a price', () => {
    expect(withinSpend(wanted, { ...aSpend(99), maxPerDay: undefined }, MONEY, where)).toEqual(wanted);
    const free = [aSize('c', { desiredNodes: 500 })];
    expect(withinSpend(free, aSpend(99), MONEY, where)).toEqual(free);
  });

  it('never removes a node that holds a build, and shrinks no faster than otherwise', () => {
    const busy = [aSize('a', { actualNodes: 20, emptyNodes: 5, desiredNodes: 25 })];

    expect(withinSpend(busy, aSpend(100), MONEY, where)[0]?.desiredNodes).toBe(15);
    expect(withinSpend(busy, aSpend(100), MONEY, { ...where, stepDown: 2 })[0]?.desiredNodes).toBe(18);
  });

  it('stays below the bound while pools follow it at each tick, whatever they want', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { minLength: 24, maxLength: 24 }), (podsToPlace) => {
        let today = 0;
        for (let minute = 0; minute < 1440; minute += 1) {
          const size = aSize('a', { desiredNodes: podsToPlace[Math.floor(minute / 60)] ?? 0 });
          const nowMs = MIDNIGHT + minute * 60_000;
          const [held = size] = withinSpend([size], aSpend(today), MONEY, { nowMs, stepDown: 1000 });
          today += held.desiredNodes / 60;
        }
        expect(today).toBeLessThanOrEqual(100 + 1e-6);
      }),
      { numRuns: 30 },
    );
  });
});

describe('room by quota', () => {
  const MIB = 2 ** 20;
  const typical = { cpuMillicores: 1000, memoryBytes: 1000 * MIB };
  const aQuota = (namespace: string, cpu: number, used = 0): QuotaFact => ({
    namespace,
    hard: { cpuMillicores: cpu, memoryBytes: Infinity, pods: 50 },
    used: { cpuMillicores: used, memoryBytes: 0, pods: 0 },
  });

  it('is what is left in each namespace with builds, by the scarcest resource', () => {
    const quotas = [aQuota('ci', 10_000, 7500), aQuota('other', 1000), aQuota('ci', 90_000)];

    expect(quotaRoomPods(quotas, new Set(['ci']), typical)).toBe(2);
    expect(quotaRoomPods(quotas, new Set(['ci', 'other']), typical)).toBe(3);
    expect(quotaRoomPods([aQuota('ci', 10_000, 11_000)], new Set(['ci']), typical)).toBe(0);
    expect(quotaRoomPods([aQuota('ci', Infinity)], new Set(['ci']), typical)).toBe(50);
  });

  it('has no bound where one namespace has no quota, or none is known', () => {
    expect(quotaRoomPods([aQuota('ci', 10_000)], new Set(['ci', 'free']), typical)).toBe(Infinity);
    expect(quotaRoomPods([aQuota('ci', 10_000)], new Set(), typical)).toBe(Infinity);
  });
});

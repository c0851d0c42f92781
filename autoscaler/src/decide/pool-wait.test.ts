import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_ENGINE_FACTS } from '../advise/engines.ts';
import type { NodeUsage, Pool } from '../capacity/pools.ts';
import { MIB } from '../capacity/shape.ts';
import { CapacityPolicy } from './capacity-policy.ts';
import type { Guardrails } from './guardrails.ts';
import { type PoolQuestion, sizePools } from './size-pools.ts';
import type { Outlook } from './size-shapes.ts';

const POD = { cpuMillicores: 1150, memoryBytes: 1700 * MIB };
/** Three Pods fit. */
const NODE = { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 };
const PER_NODE = 3;
const COOL_DOWN_MS = 60_000;
const TICK_MS = 10_000;
const RAILS: Guardrails = {
  minNodes: 0,
  maxNodes: 1000,
  stepUp: 100,
  stepDown: 10,
  coolDownMs: COOL_DOWN_MS,
  quota: { cpuMillicores: Infinity, memoryBytes: Infinity },
};
const OUTLOOK: Outlook = {
  bufferPods: 5,
  typical: POD,
  leadSeconds: 200,
  perSecond: 0,
  pushSize: 3,
  podSeconds: 300,
  objectiveSeconds: 10,
  seed: 1,
};

/** A pool of `nodes` nodes, filled one after the other. */
function aPool(nodes: number, builds: number): Pool {
  const node = (nth: number): NodeUsage => {
    const here = Math.max(0, Math.min(PER_NODE, builds - nth * PER_NODE));
    return {
      ...{ name: `n${nth}`, ready: true, closed: false, builds: here, createdMs: 0 },
      used: { cpuMillicores: here * POD.cpuMillicores, memoryBytes: here * POD.memoryBytes },
    };
  };
  return {
    name: 'builds',
    spec: { allocatable: NODE, traits: { taints: [{ key: 'ci', effect: 'NoSchedule' }] } },
    shape: { name: 'builds', allocatable: NODE, source: 'here' },
    nodes: Array.from({ length: nodes }, (_, nth) => node(nth)),
    owner: 'unknown',
  };
}

/** A moment of a pool, besides its nodes: the outlook, the guardrails, and when it grew. */
interface Moment extends Partial<Pick<PoolQuestion, 'nowMs' | 'grewAtMs'>> {
  readonly rails?: Guardrails;
}

function sizeOf(pool: Pool, change: Partial<Outlook> = {}, { rails = RAILS, ...more }: Moment = {}) {
  const { bufferPods, ...arrivals } = { ...OUTLOOK, ...change };
  const work = { runningPods: 0, pendingPods: 0, knownStages: 0, stagesSoon: 0, quotaRoomPods: Infinity };
  const question: PoolQuestion = {
    ...{ nowMs: 0, pools: [pool], podsToPlace: [], arrivals, work, order: [], grewAtMs: new Map() },
    forecast: undefined,
    bootSeconds: OUTLOOK.leadSeconds - (2 * TICK_MS) / 1000,
    ...{ spend: undefined, surroundings: NO_ENGINE_FACTS },
    typicalOn: () => change.typical ?? OUTLOOK.typical,
    money: { prices: {}, currency: '', maxPerDay: undefined },
    ...more,
  };
  const policy = new CapacityPolicy({
    ...{ rails, floors: [], objectiveMs: arrivals.objectiveSeconds * 1000, tickMs: TICK_MS },
    buffer: { z: 0, floor: bufferPods, quantile: 0.95, forecast: false },
  });
  const [size] = sizePools(question, policy).pools;
  if (size === undefined) throw new Error('the pool is missing');
  return size;
}

/** The sizes that a pool went through until it stood still, and the one that it was asked for much later. */
interface Course {
  readonly sizes: readonly number[];
  readonly muchLater: number;
}

/** Three minutes: the cool-down and the longest fall are shorter. */
const MOST_TICKS = 18;
const MUCH_LATER_MS = 24 * 3_600_000;

/**
 * Ticks of a pool when every order is followed at once and the work stays as it is, until one changes nothing and no cool-down is
 * running: all later ones ask the same question but for the time, so one of them stands for all. Throws when it never stands still.
 */
function courseOf(from: number, builds: number, outlook: Partial<Outlook>): Course {
  const sizes: number[] = [];
  const grewAtMs = new Map<string, number>();
  const wantedAt = (nodes: number, nowMs: number): number =>
    sizeOf(aPool(nodes, builds), outlook, { nowMs, grewAtMs }).desiredNodes;
  for (let tick = 0, nodes = from; tick < MOST_TICKS; tick += 1) {
    const nowMs = tick * TICK_MS;
    const wanted = wantedAt(nodes, nowMs);
    sizes.push(wanted);
    if (wanted > nodes) grewAtMs.set('builds', nowMs);
    const isCool = nowMs - (grewAtMs.get('builds') ?? -Infinity) > COOL_DOWN_MS;
    if (wanted === nodes && isCool) return { sizes, muchLater: wantedAt(nodes, MUCH_LATER_MS) };
    nodes = wanted;
  }
  throw new Error(`the size does not settle: ${sizes.join(', ')}`);
}

describe('the wait of a pool', () => {
  it('is simulated with the wanted nodes, whatever the taints of the pool', () => {
    expect(sizeOf(aPool(10, 20), { perSecond: 0.01 }).waitP95Seconds).toBeLessThanOrEqual(10);
    const held = sizeOf(aPool(7, 20), { perSecond: 0.3 }, { rails: { ...RAILS, maxNodes: 7 } });
    expect(held.waitP95Seconds).toBeGreaterThan(10);
    expect(held.shortNodes).toBeGreaterThan(0);
  });

  it('adds nodes where the buffer alone is too small, counts them as spare, and gives the reason', () => {
    const [calm, busy] = [sizeOf(aPool(10, 20)), sizeOf(aPool(10, 20), { perSecond: 0.3 })];

    expect(busy.desiredNodes).toBeGreaterThan(calm.desiredNodes);
    expect(busy.spareNodes - calm.spareNodes).toBeGreaterThan(0);
    expect(busy.because.join()).toContain('the simulated wait is longer than 10 s');
    expect(calm.because.join()).not.toContain('simulated');
  });

  it('adds none where the objective is met without them', () => {
    const change = { perSecond: 0.3, objectiveSeconds: 10_000 };
    expect(sizeOf(aPool(10, 20), change).desiredNodes).toBe(sizeOf(aPool(10, 20)).desiredNodes);
  });

  it('wants the same size for the same work, however many nodes there are: an order never causes the next one', () => {
    const rails = { ...RAILS, stepDown: 1000 };
    const wanted = [8, 10, 20, 30].map(
      (nodes) => sizeOf(aPool(nodes, 20), { perSecond: 0.3 }, { rails }).spareNodes,
    );
    expect(new Set(wanted).size).toBe(1);
  });

  it('with constant work the size settles, from any start', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 0, max: 60 }),
        fc.double({ min: 0, max: 0.4, noNaN: true }),
        fc.integer({ min: 1, max: 8 }),
        (nodesMore, builds, perSecond, pushSize) => {
          const from = Math.ceil(builds / PER_NODE) + nodesMore;
          const { sizes, muchLater } = courseOf(from, builds, { perSecond, pushSize });
          // It grows at most once; after that it only falls, and then stays constant.
          const [first = 0, ...rest] = sizes;
          expect(Math.max(...rest)).toBeLessThanOrEqual(Math.max(from, first));
          expect(muchLater).toBe(sizes.at(-1));
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('a node that is not ready', () => {
  const withLast = (createdMs: number) => {
    const pool = aPool(3, 6);
    const [last, ...others] = pool.nodes.toReversed();
    if (last === undefined) throw new Error('the pool has no node');
    const nodes = [...others.toReversed(), { ...last, ready: false, createdMs }];
    return sizeOf({ ...pool, nodes }, { bufferPods: 3 }, { nowMs: 600_000 });
  };

  it('counts as room for three boot times, and not after that: another one is ordered', () => {
    expect(withLast(0)).toMatchObject({ desiredNodes: 3 });
    const lost = withLast(-1);
    expect(lost).toMatchObject({ desiredNodes: 4 });
    expect(lost.because.join()).toContain('1 not ready for long');
  });
});

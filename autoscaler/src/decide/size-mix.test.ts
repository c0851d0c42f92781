import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packed, packInto } from '../capacity/packing.ts';
import { MIB, type NodeShape, type Resources } from '../capacity/shape.ts';
import { countOf, type SizeClass } from '../capacity/size-class.ts';
import { PUBLISHED_SHAPES } from '../model/shapes.ts';
import { cheapestMix, groupsOf, hourlyPrice, type PricedKind } from './cheapest-mix.ts';
import type { Demand } from './demand.ts';
import type { Prices } from './price.ts';
import type { ShapeSize } from './recommendation.ts';
import { fewClasses, requestClassesOf } from './request-classes.ts';
import { sizeMix } from './size-mix.ts';
import { type ShapeQuestion, sizeShapes } from './size-shapes.ts';

const USUAL: Resources = { cpuMillicores: 1150, memoryBytes: 1700 * MIB };
const OVERHEAD = { cpuMillicores: 300, memoryBytes: 370 * MIB, pods: 0 };
const PRICES: Prices = { '4cpu-8gb': 0.19, '8cpu-16gb': 0.38 };
const HUGE: NodeShape = {
  name: 'huge',
  allocatable: { cpuMillicores: 16_000, memoryBytes: 32_000 * MIB, pods: 110 },
  source: 'test',
};
const of = (cpuMillicores: number, count: number, memoryMib = 500): SizeClass => ({
  request: { cpuMillicores, memoryBytes: memoryMib * MIB },
  count,
});

function demandOf(running: readonly SizeClass[], known: readonly SizeClass[] = []): Demand {
  return {
    running,
    pending: [],
    known,
    runningPods: countOf(running),
    pendingPods: 0,
    knownStages: countOf(known),
    queuedStages: 0,
    stagesSoon: 0,
    lowerBound: false,
    quotaRoomPods: Infinity,
    notes: [],
  };
}

interface Change extends Partial<Omit<ShapeQuestion, 'outlook'>> {
  readonly prices?: Prices;
  readonly outlook?: Partial<ShapeQuestion['outlook']>;
}

function aQuestion(
  running: readonly SizeClass[],
  { prices = PRICES, outlook, ...change }: Change = {},
): ShapeQuestion {
  return {
    shapes: PUBLISHED_SHAPES,
    overhead: OVERHEAD,
    demand: demandOf(running),
    rails: {
      minNodes: 0,
      maxNodes: 1000,
      stepUp: 100,
      stepDown: 100,
      coolDownMs: 0,
      quota: { cpuMillicores: Infinity, memoryBytes: Infinity },
    },
    money: { prices, currency: 'EUR', podHoursOf1000Prs: 2500 },
    outlook: {
      bufferPods: 0,
      typical: USUAL,
      leadSeconds: 200,
      perSecond: 0,
      pushSize: 5,
      podSeconds: 600,
      objectiveSeconds: 10,
      seed: 1,
      ...outlook,
    },
    ...change,
  };
}
const mixOf = (question: ShapeQuestion) => sizeMix(question, sizeShapes(question));
const partsOf = (question: ShapeQuestion) =>
  Object.fromEntries((mixOf(question)?.parts ?? []).map(({ shape, nodes }) => [shape, nodes]));

const someDemand = fc.array(
  fc.tuple(
    fc.integer({ min: 50, max: 7000 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 50, max: 9000 }),
  ),
  { minLength: 1, maxLength: 5 },
);

/** Whether the objective of ten seconds is missed. */
const misses = (size: Pick<ShapeSize, 'waitP95Seconds'> | undefined): boolean =>
  (size?.waitP95Seconds ?? 0) > 10;

describe('the cheapest mix', () => {
  it('is absent without prices, and consists of one shape when only that has a price', () => {
    expect(mixOf(aQuestion([of(1150, 6)], { prices: {} }))).toBeUndefined();
    expect(partsOf(aQuestion([of(1150, 6)], { prices: { '8cpu-16gb': 0.38 } }))).toEqual({ '8cpu-16gb': 1 });
  });

  it('uses the small shape for the remainder that would leave a large node half empty', () => {
    expect(partsOf(aQuestion([{ request: USUAL, count: 9 }]))).toEqual({ '4cpu-8gb': 1, '8cpu-16gb': 1 });
  });

  it('uses large nodes where only they hold a Pod, and small ones beside them if these are cheaper', () => {
    const question = aQuestion([of(5000, 2), of(1150, 12)], {
      prices: { '4cpu-8gb': 0.1, '8cpu-16gb': 0.38 },
    });
    const mix = mixOf(question);

    expect(mix?.tooLargeShare).toBe(0);
    expect(partsOf(question)).toEqual({ '4cpu-8gb': 3, '8cpu-16gb': 2 });
    expect(mix?.because.join('; ')).toContain('and 14 % of the Pods do not fit on it');
  });

  it('reports Pods that fit on none of its nodes', () => {
    const mix = mixOf(aQuestion([of(9000, 1), of(1150, 3)]));

    expect(mix?.tooLargeShare).toBe(0.25);
    expect(mix?.because.at(-1)).toBe('25 % of the Pods fit on none of these nodes');
    expect(mixOf(aQuestion([of(9000, 1)]))).toMatchObject({ parts: [], tooLargeShare: 1 });
  });

  it('costs the sum of its nodes, and states it beside the costs of single shapes', () => {
    const question = aQuestion([{ request: USUAL, count: 9 }]);
    const mix = mixOf(question);

    const { perHour, perDay, perMonth, per1000Prs } = mix?.cost ?? {};
    expect([perHour, perDay, perMonth, per1000Prs].map((one) => one?.toFixed(3))).toEqual(
      [0.57, 0.57 * 24, 0.57 * 730, (0.57 / 9) * 2500].map((one) => one.toFixed(3)),
    );
    expect(mix?.because.slice(0, 3)).toEqual([
      '1 × 4cpu-8gb + 1 × 8cpu-16gb: 0.57 EUR an hour',
      '4cpu-8gb alone: 3 nodes, 0.57 EUR an hour',
      '8cpu-16gb alone: 2 nodes, 0.76 EUR an hour',
    ]);
  });

  it('is enlarged until the simulated wait meets the objective', () => {
    const running = [{ request: USUAL, count: 30 }];
    const calm = mixOf(aQuestion(running));
    const stormy = mixOf(aQuestion(running, { outlook: { perSecond: 0.3 } }));

    expect(stormy?.cost.perHour ?? 0).toBeGreaterThan(calm?.cost.perHour ?? Infinity);
    expect(stormy?.waitP95Seconds ?? Infinity).toBeLessThan(200);
  });

  it('keeps the bounds of the operator', () => {
    const rails = { ...aQuestion([]).rails, maxNodes: 2, minNodes: 2 };

    const full = aQuestion([{ request: USUAL, count: 60 }], { rails });
    expect(mixOf(full)?.because.at(-1)).toBe('42 Pods do not fit on them: the guardrails do not allow more');
    expect(partsOf(full)).toEqual({
      '4cpu-8gb': 2,
      '8cpu-16gb': 2,
    });
    const idle = mixOf(aQuestion([], { rails }));
    expect(idle?.parts.reduce((sum, { nodes }) => sum + nodes, 0)).toBe(2);
    expect(idle?.cost.per1000Prs).toBeUndefined();
  });

  it('costs more than a single shape that holds the Pods, where that one misses the objective', () => {
    const prices = { '4cpu-8gb': 0.19, '8cpu-16gb': 0.05, huge: 0.7 };
    const running = [of(980, 7, 50), of(6631, 1, 50)];
    const question = aQuestion(running, { prices, shapes: [...PUBLISHED_SHAPES, HUGE] });
    const shapes = sizeShapes(question);

    expect(shapes[1]).toMatchObject({ waitP95Seconds: 200, tooLargeShare: 0, cost: { perHour: 0.05 * 7 } });
    expect(sizeMix(question, shapes)).toMatchObject({ waitP95Seconds: 0, cost: { perHour: 0.7 } });
  });

  it('never costs more than one of its shapes alone that performs as well, and is the same for the same input', () => {
    fc.assert(
      fc.property(someDemand, fc.integer({ min: 5, max: 60 }), (sizes, cents) => {
        const running = sizes.map(([cpu, count, memory]) => of(cpu, count, memory));
        const prices = { '4cpu-8gb': 0.19, '8cpu-16gb': cents / 100, huge: 0.7 };
        const question = aQuestion(running, { prices, shapes: [...PUBLISHED_SHAPES, HUGE] });
        const shapes = sizeShapes(question);
        const mix = sizeMix(question, shapes);
        const doesAsWell = ({ tooLargeShare, waitP95Seconds }: ShapeSize): boolean =>
          tooLargeShare <= (mix?.tooLargeShare ?? 1) && (misses(mix) || !misses({ waitP95Seconds }));
        const cheapest = Math.min(...shapes.filter(doesAsWell).map(({ cost }) => cost?.perHour ?? 0));
        expect(mix?.cost.perHour ?? Infinity).toBeLessThanOrEqual(cheapest + 1e-9);
        expect(mix?.tooLargeShare).toBe(Math.min(...shapes.map((one) => one.tooLargeShare)));
        expect(sizeMix(question, shapes)).toEqual(mix);
      }),
      { numRuns: 40 },
    );
  });
});

describe('the search', () => {
  const kinds: readonly PricedKind[] = [...PUBLISHED_SHAPES, HUGE].map(({ allocatable }, at) => ({
    node: { allocatable, daemonSets: OVERHEAD },
    perHour: [0.19, 0.37, 0.9][at] ?? 0,
    mostNodes: 1000,
  }));

  it('finds the same as an exhaustive search on small input', () => {
    const most = 6;
    fc.assert(
      fc.property(someDemand, (sizes) => {
        const classes = sizes.map(([cpu, count, memory]) => of(cpu, Math.min(count, 3), memory));
        const counts = cheapestMix(classes, kinds.slice(0, 2)) ?? [];
        const two = kinds.slice(0, 2);
        const least = packInto(classes, groupsOf(two, [50, 50])).left;
        for (let small = 0; small <= most; small += 1)
          for (let large = 0; large <= most; large += 1)
            if (packInto(classes, groupsOf(two, [small, large])).left === least)
              expect(hourlyPrice(two, counts)).toBeLessThanOrEqual(hourlyPrice(two, [small, large]) + 1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it('handles large demand of many sizes, and never costs more than one kind alone', () => {
    const many = kinds.map((kind) => ({ ...kind, mostNodes: 100_000 }));
    const classes = Array.from({ length: 16 }, (_, nth) => of(200 + nth * 150, 1000, 300 + nth * 97));
    const counts = cheapestMix(classes, many) ?? [];

    expect(packInto(classes, groupsOf(many, counts)).left).toBe(0);
    for (const { node, perHour } of many)
      expect(hourlyPrice(many, counts)).toBeLessThanOrEqual(packed(classes, node).nodes * perHour + 1e-6);
  });

  it('returns nothing without kinds', () => {
    expect(cheapestMix([of(1000, 1)], [])).toBeUndefined();
  });
});

describe('request classes', () => {
  it('are few whatever the demand, hold every Pod, and never understate its request', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20_000), fc.nat(40_000)), { maxLength: 60 }),
        fc.integer({ min: 1, max: 12 }),
        (sizes, most) => {
          const classes = sizes.map(([cpu, memory]) => of(cpu, 1, memory));
          const few = fewClasses(classes, most);
          expect(few.length).toBeLessThanOrEqual(most);
          expect(countOf(few)).toBe(classes.length);
          for (const { request, members } of few)
            for (const member of members) {
              expect(request.cpuMillicores).toBeGreaterThanOrEqual(member.request.cpuMillicores);
              expect(request.memoryBytes).toBeGreaterThanOrEqual(member.request.memoryBytes);
            }
        },
      ),
    );
  });

  it('are exact while they are few', () => {
    expect(fewClasses([of(1000, 1), of(1001, 2), of(1000, 3)], 3).map(({ count }) => count)).toEqual([2, 4]);
    expect(
      fewClasses([of(1000, 1), of(1001, 2), of(3000, 3)], 2).map(({ request }) => request.cpuMillicores),
    ).toEqual([3000, 1001]);
  });

  it('name the nodes that hold them, and how many Pods wait', () => {
    const demand = demandOf([of(5000, 3), of(1150, 5)], [of(1150, 2)]);

    expect(requestClassesOf(demand, PUBLISHED_SHAPES, OVERHEAD, [])).toEqual([
      expect.objectContaining({
        runningPods: 3,
        knownStages: 0,
        share: 0.3,
        fitsShapes: ['8cpu-16gb'],
        tooLargeForShapes: ['4cpu-8gb'],
      }),
      expect.objectContaining({ runningPods: 5, knownStages: 2, share: 0.7, tooLargeForShapes: [] }),
    ]);
  });
});

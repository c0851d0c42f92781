import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { KINDS } from './kinds.ts';
import { planOf } from './plan.ts';
import { SHAPES } from './shapes.ts';

const REQUEST = {
  seed: 1,
  builds: 3 * SHAPES.length,
  faults: 80,
  spanMs: 60_000,
  shapes: SHAPES.length,
  kinds: KINDS,
};

describe('a plan', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planOf(REQUEST)).toEqual(planOf(REQUEST));
    expect(planOf({ ...REQUEST, seed: 2 }).faults).not.toEqual(planOf(REQUEST).faults);
  });

  const usual = KINDS.filter(({ everyMs }) => everyMs === undefined);
  const rare = KINDS.filter(({ everyMs }) => everyMs !== undefined);

  it('has every shape and every kind of fault equally often, but for the rare ones', () => {
    const { builds, faults } = planOf({ ...REQUEST, faults: usual.length * 2 });
    const shapes = Map.groupBy(builds, ({ shape }) => shape);
    expect([...shapes.values()].map((those) => those.length)).toEqual(SHAPES.map(() => 3));
    const kinds = Map.groupBy(faults, ({ kind }) => kind);
    expect([...kinds.keys()].sort()).toEqual(usual.map(({ name }) => name).sort());
    expect([...kinds.values()].every((those) => those.length === 2)).toBe(true);
  });

  it('has outages of minutes once in a quarter of an hour: none in a short run, unless nothing else is wanted', () => {
    const countsOf = (minutes: number, kinds = KINDS): readonly number[] => {
      const { faults } = planOf({ ...REQUEST, kinds, faults: 400, spanMs: minutes * 60_000 });
      expect(faults).toHaveLength(400);
      return rare.map(({ name }) => faults.filter(({ kind }) => kind === name).length);
    };
    expect(rare.map(({ name }) => name)).toEqual([
      'outage of Kubernetes for minutes',
      'outage of Drone for minutes',
    ]);
    expect([countsOf(10), countsOf(30), countsOf(60)]).toEqual([
      [0, 0],
      [2, 2],
      [4, 4],
    ]);
    expect(countsOf(4, rare)).toEqual([200, 200]);
  });

  it('has as many builds and faults as requested, in the order of their times, within the time', () => {
    const arbitrary = fc.record({
      seed: fc.nat(),
      builds: fc.integer({ min: 1, max: 60 }),
      faults: fc.integer({ min: 0, max: 60 }),
      spanMs: fc.integer({ min: 6_000, max: 600_000 }),
    });
    fc.assert(
      fc.property(arbitrary, (request) => {
        const { builds, faults } = planOf({ ...REQUEST, ...request });
        expect(builds).toHaveLength(request.builds);
        expect(faults).toHaveLength(request.faults);
        for (const those of [builds, faults]) {
          const times = those.map(({ atMs }) => atMs);
          expect(times).toEqual(times.toSorted((a, b) => a - b));
          expect(times.every((atMs) => atMs >= 0 && atMs <= request.spanMs)).toBe(true);
        }
      }),
    );
  });

  it('has no faults if no kind is given', () => {
    expect(planOf({ ...REQUEST, kinds: [] }).faults).toEqual([]);
  });
});

describe('shapes', () => {
  it.each(SHAPES)('$name: its stages and steps are those of its YAML', (shape) => {
    const { stages } = shape;
    interface Read {
      readonly name: string;
      readonly steps: readonly { readonly name: string }[];
      readonly services?: readonly { readonly name: string }[];
    }
    const documents = parseAllDocuments(shape.yaml('/records/build-1')).map((one) => one.toJS() as Read);
    expect(documents.map(({ name }) => name)).toEqual(stages.map(({ name }) => name));
    for (const [nth, { steps, services = [] }] of documents.entries())
      expect([...steps, ...services].map(({ name }) => name).sort()).toEqual(
        stages[nth]?.steps.map(({ name }) => name).sort(),
      );
  });

  it('have unique names', () => {
    expect(new Set(SHAPES.map(({ name }) => name)).size).toBe(SHAPES.length);
    expect(new Set(KINDS.map(({ name }) => name)).size).toBe(KINDS.length);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OrderedStep } from './order-steps.ts';
import { peakOf } from './peak.ts';
import { aStep } from './testing/a-pipeline.ts';

type Shape = readonly { readonly after: readonly number[]; readonly background?: boolean }[];

const steps = (shape: Shape): readonly OrderedStep[] =>
  shape.map(({ after, background }, index) => ({
    n: index + 1,
    step: aStep(),
    origin: 'step',
    role: background === true ? 'background' : 'step',
    after,
    dependsOn: [],
  }));

/** By definition: tries every set of steps, keeping those in which no step must have ended before another starts. */
function peakByTrial(all: readonly OrderedStep[], weights: readonly number[]): number {
  const ended = all.map(() => new Set<number>());
  all.forEach((step, index) =>
    step.after.forEach((n) => {
      if (all[n - 1]?.role === 'step') ended[index]?.add(n - 1);
      ended[n - 1]?.forEach((before) => ended[index]?.add(before));
    }),
  );
  let best = 0;
  for (let set = 0; set < 1 << all.length; set += 1) {
    const members = all.map((_, index) => index).filter((index) => set & (1 << index));
    const isAtOnce = members.every((one) => members.every((other) => !ended[one]?.has(other)));
    if (isAtOnce)
      best = Math.max(
        best,
        members.reduce((sum, index) => sum + (weights[index] ?? 0), 0),
      );
  }
  return best;
}

describe('peakOf', () => {
  it.each<[string, Shape, number[], number]>([
    ['serial steps need the largest of them', [{ after: [] }, { after: [1] }, { after: [2] }], [1, 5, 2], 5],
    ['parallel steps add up', [{ after: [] }, { after: [1] }, { after: [1] }], [1, 5, 2], 7],
    [
      'a service runs beside all later steps',
      [{ after: [] }, { after: [1], background: true }, { after: [1, 2] }],
      [1, 5, 2],
      7,
    ],
    [
      'a service does not run beside its dependencies',
      [{ after: [] }, { after: [1], background: true }],
      [9, 5],
      9,
    ],
    [
      'a dependant of a service also waits for the dependencies of the service',
      [{ after: [] }, { after: [1], background: true }, { after: [2] }],
      [9, 1, 9],
      10,
    ],
    ['no steps need nothing', [], [], 0],
  ])('%s', (_sentence, shape, weights, want) => {
    expect(peakOf(steps(shape), weights)).toBe(want);
  });

  const graphs = fc.integer({ min: 1, max: 8 }).chain((size) =>
    fc.tuple(
      fc.tuple(
        ...Array.from({ length: size }, (_, index) =>
          fc.record({
            after:
              index === 0
                ? fc.constant([])
                : fc.uniqueArray(fc.integer({ min: 1, max: index }), { maxLength: index }),
            background: fc.boolean(),
          }),
        ),
      ),
      fc.array(fc.nat(20), { minLength: size, maxLength: size }),
    ),
  );

  it('equals the result of trying every set of steps', () => {
    fc.assert(
      fc.property(graphs, ([shape, weights]) => {
        expect(peakOf(steps(shape), weights)).toBe(peakByTrial(steps(shape), weights));
      }),
      { numRuns: 300 },
    );
  });

  it('is an upper bound, at most the sum of all, where the effort is limited', () => {
    fc.assert(
      fc.property(graphs, fc.nat(30), ([shape, weights], mostVisits) => {
        const limited = peakOf(steps(shape), weights, mostVisits);
        expect(limited).toBeGreaterThanOrEqual(peakOf(steps(shape), weights));
        expect(limited).toBeLessThanOrEqual(weights.reduce((sum, weight) => sum + weight, 0));
      }),
    );
  });

  it('is exact for a hundred steps with many dependencies', () => {
    const shape = Array.from({ length: 100 }, (_, n) => ({
      after: Array.from({ length: n }, (_before, m) => m + 1).filter((m) => (m * 7 + n * 13) % 20 === 0),
    }));
    const weights = shape.map((_, n) => ((n * 37) % 101) + 1);
    expect(peakOf(steps(shape), weights)).toBe(peakOf(steps(shape), weights, Infinity));
    expect(peakOf(steps(shape), weights, 100)).toBeGreaterThan(peakOf(steps(shape), weights));
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeShape } from '../capacity/shape.ts';
import { GIB, LOAD_LEVELS } from '../capacity/shape.ts';
import { MAX_PRS_PER_DAY, nodesFor, peakPods, podsCounted, podsPerNode, prsCarriedBy } from './nodes-for.ts';
import { PARAMETER_NOTES, PUBLISHED, PUBLISHED_TABLE } from './parameters.ts';
import { PUBLISHED_SHAPES, parseShape } from './shapes.ts';

function shape(text: string): NodeShape {
  const parsed = parseShape(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.shape;
}

const published = fc.constantFrom(...PUBLISHED_SHAPES);
const level = fc.constantFrom(...LOAD_LEVELS);

describe('nodesFor: the published table', () => {
  const numbers = PUBLISHED_TABLE.flatMap((row) =>
    Object.entries(row.nodes).map(([prs, want]) => ({ ...row, prs: Number(prs), want })),
  );

  it('holds twelve numbers', () => {
    expect(numbers).toHaveLength(12);
  });

  it.each(numbers)('$shape, $level, $prs PRs a day: $want nodes', ({ shape: name, level, prs, want }) => {
    expect(nodesFor(prs, shape(name), level)).toBe(want);
  });

  it.each([
    { prs: 0, want: [3, 3, 3, 3] },
    { prs: 50, want: [11, 14, 7, 9] },
    { prs: 200, want: [36, 50, 20, 27] },
    { prs: 250, want: [45, 61, 24, 33] },
    { prs: 750, want: [129, 181, 67, 93] },
    { prs: 2000, want: [342, 477, 175, 245] },
    { prs: 5000, want: [850, 1189, 434, 607] },
  ])('between and beyond the published rows: $prs PRs a day', ({ prs, want }) => {
    const answers = PUBLISHED_SHAPES.flatMap((each) => LOAD_LEVELS.map((one) => nodesFor(prs, each, one)));

    expect(answers).toEqual(want);
  });
});

describe('nodesFor: its form', () => {
  it('never needs fewer nodes for more PRs', () => {
    fc.assert(
      fc.property(fc.nat(20_000), fc.nat(20_000), published, level, (one, other, node, which) => {
        const [fewer, more] = one < other ? [one, other] : [other, one];
        expect(nodesFor(fewer, node, which)).toBeLessThanOrEqual(nodesFor(more, node, which));
      }),
    );
  });

  it('has no jumps: one PR more costs at most one node and its spare', () => {
    fc.assert(
      fc.property(fc.nat(MAX_PRS_PER_DAY - 1), published, level, (prs, node, which) => {
        expect(nodesFor(prs + 1, node, which) - nodesFor(prs, node, which)).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('needs no fewer nodes at the high level, and no more of the larger shape', () => {
    fc.assert(
      fc.property(fc.nat(100_000), level, (prs, which) => {
        const [small, large] = [shape('4cpu-8gb'), shape('8cpu-16gb')];
        expect(nodesFor(prs, small, 'low')).toBeLessThanOrEqual(nodesFor(prs, small, 'high'));
        expect(nodesFor(prs, large, which)).toBeLessThanOrEqual(nodesFor(prs, small, which));
      }),
    );
  });

  it('never needs more nodes when they are larger', () => {
    const size = fc.record({
      cpu: fc.integer({ min: 2, max: 128 }),
      memory: fc.integer({ min: 3, max: 512 }),
    });
    fc.assert(
      fc.property(
        size,
        fc.nat(64),
        fc.nat(256),
        fc.nat(5000),
        ({ cpu, memory }, moreCpu, moreMemory, prs) => {
          const small = shape(`cpu=${cpu},memory=${memory}Gi`);
          const large = shape(`cpu=${cpu + moreCpu},memory=${memory + moreMemory}Gi`);
          expect(nodesFor(prs, large, 'low')).toBeLessThanOrEqual(nodesFor(prs, small, 'low'));
        },
      ),
    );
  });

  it.each([-1, Number.NaN, Infinity, MAX_PRS_PER_DAY + 1])('rejects %d PRs a day', (prs) => {
    expect(() => nodesFor(prs, shape('4cpu-8gb'), 'low')).toThrow(RangeError);
  });

  it('rejects a node on which no Pod fits, and accepts one on which a single Pod fits', () => {
    expect(() => nodesFor(1, shape('cpu=1449m,memory=8Gi'), 'low')).toThrow('no Pod');
    expect(nodesFor(1, shape('cpu=1450m,memory=8Gi'), 'low')).toBeGreaterThan(0);
  });
});

describe('prsCarriedBy', () => {
  it('inverts nodesFor: the pool carries its answer and not one PR more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 5000 }), published, level, (nodes, node, which) => {
        const prs = prsCarriedBy(nodes, node, which) ?? -1;
        expect(nodesFor(prs, node, which)).toBeLessThanOrEqual(nodes);
        expect(nodesFor(prs + 1, node, which)).toBeGreaterThan(nodes);
      }),
    );
  });

  it('returns nothing with fewer nodes than the base, and a number with the base', () => {
    expect(prsCarriedBy(2, shape('4cpu-8gb'), 'low')).toBeUndefined();
    expect(prsCarriedBy(3, shape('4cpu-8gb'), 'low')).toBeGreaterThan(0);
  });
});

describe('the numbers behind the model', () => {
  it('three Pods fit on 4 CPU, six on 8 CPU, of which the table counts 5.8875', () => {
    expect(PUBLISHED_SHAPES.map((each) => podsPerNode(each))).toEqual([3, 6]);
    expect(podsCounted(shape('4cpu-8gb'))).toBe(3);
    expect(podsCounted(shape('8cpu-16gb'))).toBeCloseTo(5.8875, 10);
  });

  it.each([
    { prs: 100, want: [50, 70] },
    { prs: 500, want: [251, 352] },
    { prs: 1000, want: [502.5, 703.5] },
  ])('$prs PRs a day are about $want Pods at once', ({ prs, want }) => {
    LOAD_LEVELS.forEach((each, index) => {
      expect(Math.abs(peakPods(prs, each) - (want[index] ?? 0))).toBeLessThan(0.51);
    });
  });

  it('every parameter has its own note', () => {
    expect(PARAMETER_NOTES.map((note) => note.parameter).sort()).toEqual(Object.keys(PUBLISHED).sort());
  });

  it('a node whose limit is its number of Pods holds no more than that', () => {
    expect(
      podsPerNode({
        ...shape('cpu=64,memory=256Gi'),
        allocatable: { cpuMillicores: 64_000, memoryBytes: 256 * GIB, pods: 5 },
      }),
    ).toBe(5);
  });
});

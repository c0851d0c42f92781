import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fewSizes, MOST_SIZES } from './few-sizes.ts';
import { type NodeSpec, podsOnEmptyNode } from './node-spec.ts';
import { packed } from './packing.ts';
import { MIB } from './shape.ts';
import { countOf, type SizeClass } from './size-class.ts';

const SMALL: NodeSpec = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };
const HIGH: NodeSpec = { allocatable: { cpuMillicores: 2000, memoryBytes: 30_000 * MIB, pods: 110 } };
/** So many sizes, all different. */
const sizes = (count: number, mostCpu = 5000): SizeClass[] =>
  Array.from({ length: count }, (_, nth) => ({
    request: {
      cpuMillicores: 1 + ((nth * 7919) % mostCpu),
      memoryBytes: MIB * (1 + ((nth * 104_729) % 7001)),
    },
    count: 1 + (nth % 3),
  }));
const held = (classes: readonly SizeClass[], node: NodeSpec): number =>
  countOf(classes.filter(({ request }) => podsOnEmptyNode(node, request) > 0));

describe('few sizes', () => {
  it(`are exactly the sizes that there are, up to ${MOST_SIZES}`, () => {
    const exact = sizes(MOST_SIZES);
    expect(fewSizes(exact, [SMALL])).toBe(exact);
    // Running, pending and known Pods are counted apart: equal ones are one size.
    const thrice = [...exact, ...exact, ...exact];
    expect(fewSizes(thrice, [SMALL])).toBe(thrice);
  });

  it('are no more than that and one of what fits nowhere, of any number of sizes', () => {
    for (const kinds of [[SMALL], [SMALL, HIGH]]) {
      const few = fewSizes(sizes(20_000), kinds);
      expect(few.length).toBeLessThanOrEqual(MOST_SIZES + 1);
      expect(countOf(few)).toBe(countOf(sizes(20_000)));
    }
    expect(fewSizes(sizes(MOST_SIZES + 1), [SMALL]).length).toBeLessThan(MOST_SIZES + 1);
  });

  it('give no Pod less than it requests, and change nothing about which Pods fit on a node at all', () => {
    const size = fc.record({
      request: fc.record({
        cpuMillicores: fc.integer({ min: 0, max: 8000 }),
        memoryBytes: fc.integer({ min: 0, max: 2 ** 36 }),
      }),
      count: fc.integer({ min: 1, max: 9 }),
    });
    const empty: NodeSpec = { allocatable: { cpuMillicores: 0, memoryBytes: 0, pods: 110 } };
    const kinds = fc.constantFrom([SMALL], [HIGH], [SMALL, HIGH], [empty]);
    fc.assert(
      fc.property(fc.array(size, { minLength: 65, maxLength: 200 }), kinds, (classes, nodes) => {
        const few = fewSizes(classes, nodes);
        const [first = empty] = nodes;
        const sum = (all: readonly SizeClass[], of: 'cpuMillicores' | 'memoryBytes'): number =>
          all.reduce((total, { request, count }) => total + request[of] * count, 0);

        expect(countOf(few)).toBe(countOf(classes));
        expect(held(few, first)).toBe(held(classes, first));
        expect(sum(few, 'cpuMillicores')).toBeGreaterThanOrEqual(sum(classes, 'cpuMillicores'));
        expect(sum(few, 'memoryBytes')).toBeGreaterThanOrEqual(sum(classes, 'memoryBytes'));
      }),
    );
  });

  it('cost at most the double of the nodes that the resources take', () => {
    const classes = sizes(5000, 3900).filter(({ request }) => podsOnEmptyNode(SMALL, request) > 0);
    const exactly = Math.max(
      ...(['cpuMillicores', 'memoryBytes'] as const).map(
        (key) =>
          classes.reduce((sum, { request, count }) => sum + request[key] * count, 0) / SMALL.allocatable[key],
      ),
    );
    const { nodes, tooLarge } = packed(classes, SMALL);
    expect(tooLarge).toBe(0);
    expect(nodes).toBeGreaterThanOrEqual(exactly);
    expect(nodes).toBeLessThan(2.5 * exactly);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeOnEmpty, type NodeSpec, podsThatFit } from './node-spec.ts';
import { packed, packInto } from './packing.ts';
import { MIB } from './shape.ts';
import type { SizeClass } from './size-class.ts';

const SMALL: NodeSpec = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };
const LARGE: NodeSpec = { allocatable: { cpuMillicores: 7910, memoryBytes: 13_256 * MIB, pods: 110 } };
const pods = (cpuMillicores: number, count: number, memoryMib = 100): SizeClass => ({
  request: { cpuMillicores, memoryBytes: memoryMib * MIB },
  count,
});

/** New nodes when the Pods are put one by one, largest first, each onto the first node with room. */
function packedOneByOne(classes: readonly SizeClass[], node: NodeSpec): number {
  const share = ({ request }: SizeClass): number =>
    request.cpuMillicores / node.allocatable.cpuMillicores +
    request.memoryBytes / node.allocatable.memoryBytes;
  const nodes: { cpuMillicores: number; memoryBytes: number; pods: number }[] = [];
  for (const { request, count } of classes.toSorted((one, other) => share(other) - share(one))) {
    for (let left = count; left > 0; left -= 1) {
      const fitting = nodes.find((free) => podsThatFit(free, request) > 0);
      const free = fitting ?? { ...freeOnEmpty(node) };
      if (fitting === undefined) nodes.push(free);
      free.cpuMillicores -= request.cpuMillicores;
      free.memoryBytes -= request.memoryBytes;
      free.pods -= 1;
    }
  }
  return nodes.length;
}

const fitsOn = (node: NodeSpec, { request }: SizeClass): boolean =>
  request.cpuMillicores <= node.allocatable.cpuMillicores &&
  request.memoryBytes <= node.allocatable.memoryBytes;

const someClasses = fc.array(
  fc.record({
    request: fc.record({
      cpuMillicores: fc.integer({ min: 0, max: 5000 }),
      memoryBytes: fc.integer({ min: 0, max: 7000 }).map((mib) => mib * MIB),
    }),
    count: fc.integer({ min: 0, max: 40 }),
  }),
  { maxLength: 8 },
);

describe('packing', () => {
  it('gives what packing Pod by Pod gives, and counts apart what no node can hold', () => {
    fc.assert(
      fc.property(someClasses, (classes) => {
        const fitting = classes.filter((one) => fitsOn(SMALL, one));
        const count = (some: readonly SizeClass[]) => some.reduce((sum, one) => sum + one.count, 0);

        expect(packed(classes, SMALL)).toEqual({
          nodes: packedOneByOne(fitting, SMALL),
          tooLarge: count(classes) - count(fitting),
        });
      }),
    );
  });

  it('fills what is there before it opens anything, and small Pods fill the holes of large ones', () => {
    const classes = [pods(3000, 2), pods(900, 3)];

    expect(packInto(classes, [{ node: SMALL, nodes: 2 }], SMALL)).toEqual({ opened: 1, left: 0 });
    expect(packInto(classes, [{ node: SMALL, nodes: 3 }], SMALL)).toEqual({ opened: 0, left: 0 });
    expect(packInto(classes, [{ node: SMALL, nodes: 2 }])).toEqual({ opened: 0, left: 1 });
  });

  it('leaves large Pods to large nodes', () => {
    const classes = [pods(5000, 1), pods(1150, 3)];

    expect(packInto(classes, [{ node: SMALL, nodes: 1 }], LARGE)).toEqual({ opened: 1, left: 0 });
    expect(packInto(classes, [{ node: SMALL, nodes: 1 }], SMALL)).toEqual({ opened: 0, left: 1 });
    expect(packInto(classes, [])).toEqual({ opened: 0, left: 4 });
  });

  it('knows the bound by number of Pods', () => {
    const node: NodeSpec = { allocatable: { ...LARGE.allocatable, pods: 10 } };

    expect(packed([pods(1, 21, 1)], node)).toEqual({ nodes: 3, tooLarge: 0 });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SimNode } from '../../simulate/sim-node.ts';
import type { PolicyView, ScalingPolicy } from '../policy.ts';
import { quietView } from '../testing/a-view.ts';
import { holdersOf, karpenterBufferPolicy, karpenterPolicy } from './karpenter.ts';

const ROOM_ON_EMPTY = 3;

const aNode = (id: number, change: Partial<SimNode> = {}): SimNode => ({
  id,
  orderedAt: 0,
  state: 'ready',
  slot: id,
  pods: 0,
  emptySince: 0,
  firstBindAt: undefined,
  softTainted: false,
  ...change,
});

const aView = (nodes: readonly SimNode[], nowSeconds = 100): PolicyView =>
  quietView(nowSeconds, {
    nodes,
    nodeSpec: { allocatable: { cpuMillicores: ROOM_ON_EMPTY, memoryBytes: 1000, pods: 10 } },
    roomOn: ({ pods }) => ROOM_ON_EMPTY - pods,
  });

const emptyNodes = (count: number): readonly SimNode[] =>
  Array.from({ length: count }, (_, nth) => aNode(nth + 1));
const withBuffer = (pods: number): ScalingPolicy =>
  karpenterBufferPolicy({ name: 'r', bufferPods: () => pods });
const going = (policy: ScalingPolicy, view: PolicyView): number => policy.tick(view).remove.length;

describe('Karpenter through a buffer', () => {
  it.each([
    ['removes an empty node that holds no part of it', 3 * ROOM_ON_EMPTY, 1],
    ['keeps the last one for a single Pod', 3 * ROOM_ON_EMPTY + 1, 0],
    ['removes no more than its budget when there is no buffer', 0, 1],
  ])('%s', (_, pods, want) => {
    expect(going(withBuffer(pods), aView(emptyNodes(4)))).toBe(want);
  });

  it('waits for its validation, with and without a buffer', () => {
    for (const policy of [withBuffer(0), karpenterPolicy()]) {
      expect(going(policy, aView(emptyNodes(1), 14))).toBe(0);
      expect(going(policy, aView(emptyNodes(1), 15))).toBe(1);
    }
  });

  it('depends on the order of names: room on a node with builds may or may not save an empty one', () => {
    const gone = [1, 2].map((busy) =>
      going(withBuffer(1), aView([1, 2].map((id) => aNode(id, { pods: id === busy ? 2 : 0 })))),
    );

    expect(gone.toSorted()).toEqual([0, 1]);
  });

  it('orders what the buffer lacks, and counts nodes that boot', () => {
    const booting = aNode(1, { state: 'booting' });

    expect(withBuffer(ROOM_ON_EMPTY + 1).tick(aView([]))).toMatchObject({ order: 2, wanted: 2 });
    expect(withBuffer(ROOM_ON_EMPTY + 1).tick(aView([booting]))).toMatchObject({ order: 1, wanted: 2 });
    expect(withBuffer(ROOM_ON_EMPTY).tick(aView([booting]))).toMatchObject({ order: 0, wanted: 1 });
  });
});

describe('the nodes that hold a buffer', () => {
  const anyNodes = fc
    .array(fc.record({ pods: fc.integer({ min: 0, max: 3 }), isReady: fc.boolean() }), { maxLength: 30 })
    .map((all) =>
      all.map(({ pods, isReady }, nth) => aNode(nth + 1, isReady ? { pods } : { state: 'booting' })),
    );

  it('are as many as needed, each with room, and the same ones and more for a larger buffer', () => {
    fc.assert(
      fc.property(anyNodes, fc.integer({ min: 0, max: 100 }), (nodes, pods) => {
        const view = aView(nodes);
        const roomOf = (some: Iterable<Readonly<SimNode>>): number =>
          [...some].reduce((sum, node) => sum + view.roomOn(node), 0);
        const ready = nodes.filter(({ state }) => state === 'ready');
        const holders = holdersOf(view, pods);
        const fewer = holdersOf(view, Math.max(0, pods - 1));

        expect([...holders].every((node) => node.state === 'ready' && view.roomOn(node) > 0)).toBe(true);
        expect(roomOf(holders)).toBeGreaterThanOrEqual(Math.min(pods, roomOf(ready)));
        expect([...fewer].every((node) => holders.has(node))).toBe(true);
        if (roomOf(fewer) >= pods) expect(holders.size).toBe(fewer.size);
      }),
      { numRuns: 100 },
    );
  });

  it('are neither the oldest nor the youngest', () => {
    const holders = holdersOf(aView(emptyNodes(100)), 50 * ROOM_ON_EMPTY);
    const old = [...holders].filter(({ id }) => id <= 50).length;

    expect(holders.size).toBe(50);
    expect(old).toBeGreaterThan(15);
    expect(old).toBeLessThan(35);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SimNode } from '../../simulate/sim-node.ts';
import type { PolicyView, ScalingPolicy } from '../policy.ts';
import { quietView } from '../testing/a-view.ts';
import { holdersOf, KARPENTER, karpenterBufferPolicy, karpenterPolicy } from './karpenter.ts';

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
const withBuffer = (pods: number): ScalingPolicy => karpenterBufferPolicy({ podsAt: () => pods });

/** How many nodes go at each tick, for the same nodes all the time. */
const goingAt = (policy: ScalingPolicy, nodes: readonly SimNode[], ticks: readonly number[]) =>
  ticks.map((at) => policy.tick(aView(nodes, at)).remove.length);

/** Nodes that go after a validation. */
const going = (policy: ScalingPolicy, nodes: readonly SimNode[]): number =>
  goingAt(policy, nodes, [100, 115])[1] ?? 0;

describe('Karpenter', () => {
  it('removes empty nodes a validation after it has picked them, with and without a buffer', () => {
    for (const policy of [withBuffer(0), karpenterPolicy()])
      expect(goingAt(policy, emptyNodes(1), [100, 105, 110, 115])).toEqual([0, 0, 0, 1]);
  });

  it('picks the next ones only then: a tenth of the nodes in each validation', () => {
    const ticks = Array.from({ length: 7 }, (_, nth) => 100 + 5 * nth);

    expect(goingAt(karpenterPolicy(), emptyNodes(20), ticks)).toEqual([0, 0, 0, 2, 0, 0, 2]);
  });

  it('looks for empty nodes every ten seconds while there is none', () => {
    const policy = karpenterPolicy();
    policy.tick(aView([aNode(1, { pods: 1 })], 100));

    expect(goingAt(policy, emptyNodes(1), [105, 110, 115, 120, 125])).toEqual([0, 0, 0, 0, 1]);
  });

  it.each([
    ['has a build again', aNode(1, { pods: 1 })],
    ['is gone', aNode(1, { state: 'gone' })],
  ])('keeps a node that it picked and that meanwhile %s', (_, change) => {
    const policy = karpenterPolicy();
    const node = aNode(1);
    policy.tick(aView([node], 100));
    Object.assign(node, change);

    expect(policy.tick(aView([node], 115)).remove).toEqual([]);
  });

  it('picks a node no sooner than consolidateAfter after its last build', () => {
    const policy = karpenterPolicy({ ...KARPENTER, consolidateAfterSeconds: 30 });
    const node = aNode(1, { emptySince: 100 });

    expect(goingAt(policy, [node], [125, 135, 145, 150])).toEqual([0, 0, 0, 1]);
  });
});

describe('Karpenter with a buffer', () => {
  it.each([
    ['removes an empty node that holds no part of it', 3 * ROOM_ON_EMPTY, 1],
    ['keeps the last one for a single Pod', 3 * ROOM_ON_EMPTY + 1, 0],
    ['removes no more than its budget when there is no buffer', 0, 1],
  ])('%s', (_, pods, want) => {
    expect(going(withBuffer(pods), emptyNodes(4))).toBe(want);
  });

  it('depends on the order of names: room on a node with builds may or may not save an empty one', () => {
    const gone = [1, 2].map((busy) =>
      going(
        withBuffer(1),
        [1, 2].map((id) => aNode(id, { pods: id === busy ? 2 : 0 })),
      ),
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

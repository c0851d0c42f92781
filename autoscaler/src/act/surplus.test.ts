import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOSING_TAINT, type PoolNode } from '../capacity/pool-node.ts';
import { decideTaints, type SurplusOptions, type TaintChanges } from './surplus.ts';

const ROOM = 3;
type Given = Partial<Omit<PoolNode, 'taints'>> & { marked?: boolean };

function node(name: string, builds: number, { marked = false, ...more }: Given = {}): PoolNode {
  return {
    name,
    uid: `uid-${name}`,
    resourceVersion: '1',
    taints: marked ? [SURPLUS_TAINT] : [],
    ready: true,
    unschedulable: false,
    builds,
    room: ROOM - builds,
    ...more,
  };
}

const decide = (nodes: readonly PoolNode[], openRoom: number, slackRoom = 0) => {
  const { mark, open } = decideTaints(nodes, { openRoom, slackRoom });
  return { mark: mark.map(({ name }) => name), open: open.map(({ name }) => name) };
};

describe('which nodes are surplus', () => {
  it('the emptiest, as soon as the fuller ones have the wanted room', () => {
    expect(decide([node('a', 0), node('b', 2), node('c', 1)], 3)).toEqual({ mark: ['a'], open: [] });
    expect(decide([node('a', 0), node('b', 2), node('c', 1)], 1)).toEqual({ mark: ['a', 'c'], open: [] });
  });

  it('none while the room of the fuller ones is a Pod short', () => {
    expect(decide([node('a', 0), node('b', 2), node('c', 1)], 4)).toEqual({ mark: [], open: [] });
  });

  it('those that are empty soonest, however full they are; where that is not known, the emptiest', () => {
    const soon = node('soon', 2, { emptyAt: 100 });
    const late = node('late', 1, { emptyAt: 101 });
    expect(decide([soon, late, node('empty', 0)], 2)).toEqual({ mark: ['empty', 'soon'], open: [] });
    expect(decide([{ ...soon, emptyAt: 101 }, late, node('empty', 0)], 1).mark).toEqual(['empty', 'late']);
  });

  it('a marked node opens when it is needed again, fullest first', () => {
    const nodes = [node('a', 0, { marked: true }), node('b', 1, { marked: true }), node('c', 3)];
    expect(decide(nodes, 3)).toEqual({ mark: [], open: ['b', 'a'] });
    expect(decide(nodes, 2)).toEqual({ mark: [], open: ['b'] });
  });

  it('a full node loses its mark; one without room that holds nothing does not', () => {
    expect(decide([node('a', 3, { marked: true }), node('b', 2)], 0).open).toEqual(['a']);
    expect(decide([node('a', 0, { marked: true, room: 0 }), node('b', 2)], 0).open).toEqual([]);
  });

  it('between the two bounds everything stays as it is', () => {
    expect(decide([node('a', 0), node('b', 1)], 1, 2)).toEqual({ mark: [], open: [] });
    expect(decide([node('a', 0, { marked: true }), node('b', 1)], 1, 2)).toEqual({ mark: [], open: [] });
    expect(decide([node('a', 0), node('b', 1)], 1, 1)).toEqual({ mark: ['a'], open: [] });
  });

  it.each([
    ['not ready', { ready: false }],
    ['cordoned by somebody', { unschedulable: true }],
    ['left alone on request', { annotations: { 'hangar.dev/paused': 'true' } }],
  ])('a node that is %s is neither touched nor counted', (_, more) => {
    expect(decide([node('a', 0), node('b', 1, more)], 1)).toEqual({ mark: [], open: [] });
    expect(decide([node('a', 0, more), node('b', 1)], 0)).toEqual({ mark: ['b'], open: [] });
  });

  it('a node that is being taken is not touched', () => {
    const closing = { ...node('a', 0), taints: [CLOSING_TAINT] };
    expect(decide([closing, node('b', 1)], 1)).toEqual({ mark: [], open: [] });
  });
});

const pools = fc
  .array(fc.record({ builds: fc.nat(ROOM), marked: fc.boolean() }), { maxLength: 40 })
  .map((all) => all.map(({ builds, marked }, index) => node(`n${index}`, builds, { marked })));
const settings = fc.record({ openRoom: fc.nat(60), slackRoom: fc.nat(9) });

function after(nodes: readonly PoolNode[], { mark, open }: TaintChanges): readonly PoolNode[] {
  return nodes.map((one) => {
    if (mark.includes(one)) return { ...one, taints: [SURPLUS_TAINT] };
    return open.includes(one) ? { ...one, taints: [] } : one;
  });
}

describe('whatever the pool', () => {
  const check = (holds: (nodes: readonly PoolNode[], options: SurplusOptions) => void) =>
    fc.assert(fc.property(pools, settings, holds));
  const isOpen = ({ taints }: PoolNode) => taints.length === 0;
  const roomOf = (nodes: readonly PoolNode[]) => nodes.reduce((sum, { room }) => sum + room, 0);

  it('the wanted room is open, if the pool has it', () => {
    check((nodes, options) => {
      const then = after(nodes, decideTaints(nodes, options));
      expect(roomOf(then.filter(isOpen))).toBeGreaterThanOrEqual(Math.min(options.openRoom, roomOf(nodes)));
    });
  });

  it('deciding again changes nothing', () => {
    check((nodes, options) => {
      const then = after(nodes, decideTaints(nodes, options));
      expect(decideTaints(then, options)).toEqual({ mark: [], open: [] });
    });
  });

  it('without slack no marked node is fuller than an open one', () => {
    check((nodes, { openRoom }) => {
      const then = after(nodes, decideTaints(nodes, { openRoom, slackRoom: 0 }));
      const emptiestOpen = Math.min(...then.filter(isOpen).map(({ builds }) => builds));
      for (const { builds } of then.filter((one) => !isOpen(one)))
        expect(builds).toBeLessThanOrEqual(emptiestOpen);
    });
  });
});

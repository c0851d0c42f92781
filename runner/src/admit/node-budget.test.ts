import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Admission, Load } from './admit.ts';
import type { BuildNode, Room } from './build-node.ts';
import { lookAtNodes, type NodeLoads, type NodeWish } from './node-budget.ts';
import { aNode, GIB } from './testing/a-node.ts';

const asks = (cpu: number, gib = 0): Load => ({
  pipelines: 1,
  pods: 1,
  cpuMillicores: cpu * 1_000,
  memoryBytes: gib * GIB,
});
const wish = (cpu: number, gib = 0, placement: NodeWish['placement'] = {}): NodeWish => ({
  asks: asks(cpu, gib),
  placement,
});
const NONE: NodeLoads = { bound: [], pending: [] };
const look = (nodes: readonly BuildNode[], loads: Partial<NodeLoads> = {}, gone: readonly BuildNode[] = []) =>
  lookAtNodes({ nodes, everSeen: [...nodes, ...gone] }, { ...NONE, ...loads });
const on = (node: string, cpu: number, gib = 0) => ({ node, asks: asks(cpu, gib) });
const ARM = { nodeSelector: { 'kubernetes.io/arch': 'arm64' } };
const arm = (name: string, change = {}) => aNode(name, { ...change, labels: ARM.nodeSelector });

describe('room on nodes', () => {
  const two = [aNode('n1'), aNode('n2')];

  it('is that of single nodes: 4 CPU do not fit where two nodes have 2 CPU each', () => {
    const bound = [on('n1', 2), on('n2', 2)];
    expect(look(two, { bound }).judge(wish(4))).toEqual({
      kind: 'waiting',
      reason: 'budget-nodes',
      text: 'this pipeline needs 4 CPU on one node, and none of the 2 nodes that can hold it has so much free',
    });
    expect(look(two, { bound }).judge(wish(2))).toEqual({ kind: 'admitted', node: 'n1' });
    expect(look(two, { bound: [on('n1', 2)] }).judge(wish(4))).toEqual({ kind: 'admitted', node: 'n2' });
  });

  it.each<[string, readonly BuildNode[], NodeWish, Admission['kind']]>([
    ['the last millicore', [aNode('n1', { cpu: '3' })], wish(3), 'admitted'],
    ['a millicore too few', [aNode('n1', { cpu: '2999m' }), aNode('n2', { cpu: '2' })], wish(3), 'refused'],
    ['the last byte', [aNode('n1', { memory: '2Gi' })], wish(0, 2), 'admitted'],
    ['memory, though there is CPU', [aNode('n1', { memory: '2Gi' })], wish(0, 3), 'refused'],
    ['no place for another Pod', [aNode('n1', { pods: '0' })], wish(0), 'refused'],
  ])('is counted exactly: %s', (_sentence, nodes, one, kind) => {
    expect(look(nodes).judge(one).kind).toBe(kind);
  });

  it('of a kind that a Pod does not request does not matter, as for the scheduler', () => {
    const bound = [on('n1', 0, 9)];
    expect(look([aNode('n1')], { bound }).judge(wish(1)).kind).toBe('admitted');
    expect(look([aNode('n1')], { bound }).judge(wish(1, 1)).kind).toBe('waiting');
  });

  it('is taken by Pods that have no node yet, first fit', () => {
    expect(look(two, { pending: [wish(3), wish(3)] }).judge(wish(2)).kind).toBe('waiting');
    expect(look(two, { pending: [wish(3), wish(1)] }).judge(wish(4))).toEqual({
      kind: 'admitted',
      node: 'n2',
    });
  });

  it('is kept for a Pod that finds none: nothing goes before it to its nodes', () => {
    const loads = { bound: [on('n1', 2), on('n2', 2)], pending: [wish(4)] };
    expect(look([...two, arm('n3')], loads).judge(wish(1)).kind).toBe('admitted');
    expect(look(two, loads).judge(wish(1)).kind).toBe('waiting');
    expect(look(two, { ...loads, pending: [wish(5)] }).judge(wish(1)).kind).toBe('admitted');
  });

  it('is kept for a stage that waits, against those that are asked about after it', () => {
    const nodes = [aNode('n1'), arm('n2')];
    const now = look(nodes, { bound: [on('n2', 2)] });
    expect(now.judge(wish(4, 0, ARM)).kind).toBe('waiting');
    expect(now.judge(wish(1, 0, ARM)).kind).toBe('waiting');
    expect(now.judge(wish(1))).toEqual({ kind: 'admitted', node: 'n1' });
  });

  it.each<[string, BuildNode]>([
    ['not ready', aNode('n1', { ready: 'Unknown' })],
    ['cordoned', aNode('n1', { unschedulable: true })],
  ])('is waited for while the only node is %s', (_sentence, node) => {
    expect(look([node]).judge(wish(1))).toMatchObject({
      kind: 'waiting',
      text: 'this pipeline needs 1 CPU on one node, and none of the nodes that can hold it is ready and schedulable',
    });
    expect(look([node]).judge(wish(5)).kind).toBe('refused');
  });

  it('is waited for while the only node that is large enough is gone, which a node that never was is not', () => {
    const [small, large] = [aNode('n1'), aNode('n2', { cpu: '16' })];
    expect(look([small], {}, [large]).judge(wish(8)).kind).toBe('waiting');
    expect(look([small]).judge(wish(8))).toEqual({
      kind: 'refused',
      text: 'the pipeline requests 8 CPU, more than any of the 1 nodes that it may be scheduled to can hold',
    });
  });

  it('is waited for where no node suits, and keeps no other stage from its nodes', () => {
    const now = look(two);
    expect(now.judge(wish(1, 0, ARM))).toMatchObject({
      kind: 'waiting',
      text: 'no node has the labels that this pipeline requires and only taints that it tolerates',
    });
    expect(now.judge(wish(4)).kind).toBe('admitted');
  });

  it('is not waited for where nodes are autoscaled: who scales them must see the Pod', () => {
    const scaled = aNode('n2', { labels: { 'karpenter.sh/nodepool': 'builds' } });
    const full = [on('n1', 4), on('n2', 4)];
    expect(look([aNode('n1'), scaled], { bound: full }).judge(wish(1))).toEqual({ kind: 'admitted' });
    const elsewhere = { nodeSelector: { 'karpenter.sh/nodepool': 'others' } };
    expect(look([aNode('n1'), scaled], { bound: full }).judge(wish(1, 0, elsewhere)).kind).toBe('waiting');
  });

  it('is unknown before the nodes are listed', () => {
    const now = lookAtNodes({ nodes: undefined, everSeen: [] }, NONE);
    expect(now.judge(wish(0))).toEqual({
      kind: 'waiting',
      reason: 'budget-nodes',
      text: 'the nodes of the cluster are not listed yet',
    });
  });
});

describe('properties of room on nodes', () => {
  const amount = fc.integer({ min: 0, max: 8 });
  const node = fc.record({
    cpu: amount,
    gib: amount,
    pods: fc.integer({ min: 0, max: 4 }),
    isArm: fc.boolean(),
  });
  const stage = fc.record({ cpu: amount, gib: amount, isArm: fc.boolean() });
  const cluster = (nodes: readonly { cpu: number; gib: number; pods: number; isArm: boolean }[]) =>
    nodes.map(({ cpu, gib, pods, isArm }, index) =>
      (isArm ? arm : aNode)(`n${index}`, { cpu: `${cpu}`, memory: `${gib}Gi`, pods: `${pods}` }),
    );
  const wishes = (stages: readonly { cpu: number; gib: number; isArm: boolean }[]) =>
    stages.map(({ cpu, gib, isArm }) => wish(cpu, gib, isArm ? ARM : {}));

  /** First fit, written once more: what each is placed on, in order. */
  function firstFit(nodes: readonly BuildNode[], all: readonly NodeWish[]): readonly (string | undefined)[] {
    const left = nodes.map(({ name, labels, room }) => ({
      name,
      isArm: 'kubernetes.io/arch' in labels,
      room: { ...room },
    }));
    const keys = ['pods', 'cpuMillicores', 'memoryBytes'] as const;
    return all.map((one) => {
      const fits = ({ room, isArm }: { room: Room; isArm: boolean }): boolean =>
        (one.placement !== ARM || isArm) &&
        keys.every((key) => room[key] >= one.asks[key] || one.asks[key] === 0);
      const found = left.find(fits);
      if (found) for (const key of keys) found.room[key] -= one.asks[key];
      return found?.name;
    });
  }

  it('never admits more than first fit allows, and as much', () => {
    fc.assert(
      fc.property(fc.array(node, { maxLength: 6 }), fc.array(stage, { maxLength: 20 }), (nodes, stages) => {
        const all = cluster(nodes);
        const admitted: NodeWish[] = [];
        for (const one of wishes(stages)) {
          const next = firstFit(all, [...admitted, one]).at(-1);
          const admission = look(all, { pending: admitted }).judge(one);
          expect(admission.kind === 'admitted' ? admission.node : undefined).toBe(next);
          if (admission.kind === 'admitted') admitted.push(one);
        }
        expect(firstFit(all, admitted)).not.toContain(undefined);
      }),
    );
  });

  it('never admits what no node has room for, wherever the scheduler has put the others', () => {
    const choices = fc.array(fc.nat({ max: 5 }), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 1, maxLength: 6 }),
        fc.array(stage, { maxLength: 20 }),
        choices,
        (nodes, stages, at) => {
          const all = cluster(nodes);
          const bound: { node: string; asks: Load }[] = [];
          for (const [index, one] of wishes(stages).entries()) {
            const admission = look(all, { bound }).judge(one);
            if (admission.kind !== 'admitted') continue;
            const open = all.filter((each) => look([each], { bound }).judge(one).kind === 'admitted');
            expect(open.map(({ name }) => name)).toContain(admission.node);
            const chosen = open[(at[index] ?? 0) % open.length];
            bound.push({ node: chosen?.name ?? '', asks: one.asks });
          }
          for (const { name, room } of all)
            for (const key of ['pods', 'cpuMillicores', 'memoryBytes'] as const)
              expect(
                bound.filter((one) => one.node === name).reduce((sum, one) => sum + one.asks[key], 0),
              ).toBeLessThanOrEqual(room[key]);
        },
      ),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { INVENTORY_KINDS, inventoryOf, type Listed, leftBehind } from './inventory.ts';

type Lists = Readonly<Record<string, readonly Listed[]>>;

const named = (name: string, namespace?: string): Listed => ({
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});
const node = (name: string, spec: Listed['spec'] = {}, labels: Record<string, string> = {}): Listed => ({
  metadata: { name, labels },
  spec,
});
const FOUND: Lists = {
  Namespace: [named('default'), named('hangar'), named('kube-node-lease')],
  Node: [node('hangar-node', {}, { 'kubernetes.io/os': 'linux' })],
  ServiceAccount: [named('default', 'default'), named('default', 'hangar')],
};

const left = (lists: Lists, processes: readonly string[] = []): readonly string[] =>
  leftBehind(inventoryOf(FOUND, []), inventoryOf({ ...FOUND, ...lists }, processes));

describe('what a suite leaves behind', () => {
  it('is nothing when the cluster is as it was, nor when less is there', () => {
    expect(left({})).toEqual([]);
    expect(left({ ServiceAccount: [] })).toEqual([]);
  });

  it.each<[string, Lists, readonly string[]]>([
    ['a Pod', { Pod: [named('drone-x', 'hangar')] }, ['Pod hangar/drone-x']],
    ['a Lease', { Lease: [named('hangar-runner-a', 'hangar')] }, ['Lease hangar/hangar-runner-a']],
    ['an object without a namespace', { ClusterRole: [named('rights-1')] }, ['ClusterRole rights-1']],
    [
      'one of the same name in another namespace',
      { ServiceAccount: [...(FOUND['ServiceAccount'] ?? []), named('other', 'default')] },
      ['ServiceAccount default/other'],
    ],
    [
      'a namespace, whatever is in it',
      {
        Namespace: [...(FOUND['Namespace'] ?? []), named('site-1')],
        Pod: [named('bridge', 'site-1')],
        ServiceAccount: [named('default', 'site-1')],
      },
      ['Namespace site-1'],
    ],
    [
      'a node, whatever it has',
      { Node: [...(FOUND['Node'] ?? []), node('fake', { unschedulable: true }, { a: 'b' })] },
      ['Node fake'],
    ],
    [
      'a taint, a cordon and a label of a node that was there',
      {
        Node: [
          node(
            'hangar-node',
            { unschedulable: true, taints: [{ key: 'hangar.dev/surplus', effect: 'NoSchedule' }] },
            { 'kubernetes.io/os': 'linux', mine: 'yes' },
          ),
        ],
      },
      [
        'taint hangar.dev/surplus:NoSchedule of Node hangar-node',
        'cordon of Node hangar-node',
        'label mine of Node hangar-node',
      ],
    ],
  ])('is %s', (_, lists, want) => {
    expect(left(lists)).toEqual(want);
  });

  it('excludes the Lease of a node, which is created a while after it', () => {
    const lists = { Lease: [named('hangar-node', 'kube-node-lease'), named('other', 'default')] };

    expect(left(lists)).toEqual(['Lease default/other']);
  });

  it('includes a process that runs a container without a Pod', () => {
    expect(left({}, ['process 4711 of containerd-shim-runc-v2'])).toEqual([
      'process 4711 of containerd-shim-runc-v2',
    ]);
  });
});

it('every kind is listed once, by a path of its own', () => {
  expect(new Set(INVENTORY_KINDS.map(({ name }) => name)).size).toBe(INVENTORY_KINDS.length);
  expect(new Set(INVENTORY_KINDS.map(({ path }) => path)).size).toBe(INVENTORY_KINDS.length);
  expect(INVENTORY_KINDS.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['Pod', 'Lease', 'Secret', 'Namespace', 'Node', 'Deployment']),
  );
});

import { FakeClock } from '@hangar/shared/testing/fake-clock';
import type { V1Node } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { poolsOf } from '../capacity/pools.ts';
import { type NodeFact, readNode } from '../capacity/read-node.ts';
import type { PodFact } from '../capacity/read-pod.ts';
import { onePod } from '../testing/many-pods.ts';
import { ObservedPools } from './observed-pools.ts';

const BUILD = { cpuMillicores: 1150, memoryBytes: 1700 * 2 ** 20 };

function begin() {
  const clock = new FakeClock();
  const builds: PodFact[] = [];
  const begins = (node: string): void =>
    void builds.push(
      onePod(`on-${node}`, { node, state: node === '' ? 'pending' : 'bound', request: BUILD }),
    );
  let nodes: readonly NodeFact[] = [];
  const rules = { label: 'pool', taint: 'ci' };
  const drop = (name: string): void => {
    nodes = nodes.filter((one) => one.name !== name);
  };
  const put = (name: string, metadata: V1Node['metadata'], key = 'ci'): void => {
    drop(name);
    const node: V1Node = {
      metadata: { name, uid: `${name}-${clock.monotonicMs()}`, ...metadata },
      spec: { taints: [{ key, value: 'b', effect: 'NoSchedule' }] },
      status: {
        allocatable: { cpu: '3920m', memory: '6018Mi', pods: '110' },
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    };
    nodes = [...nodes, readNode(node, rules, clock.now())];
  };
  put('n1', { labels: { pool: 'ci' } });
  put('n2', { labels: { pool: 'ci' } });
  put('other', {});
  const observed = new ObservedPools(clock);
  const emptyAt = new Map<string, number>();
  const read = () => {
    const pools = poolsOf(nodes, builds, { assumed: { cpuMillicores: 300, memoryBytes: 0 } });
    observed.observe({ nodes, pools, typicalPod: BUILD, bootMs: 0, announcedShare: 0.5, emptyAt });
    return observed.nodesByPool;
  };
  const ci = () => read().get('ci') ?? [];
  return { clock, builds, emptyAt, begins, read, ci, put, drop, observed };
}

describe('the observed pools', () => {
  it('know when a node with builds is expected to be empty, and of others nothing', () => {
    const { ci, emptyAt } = begin();
    emptyAt.set('n1', 700);
    expect(ci().map(({ name, emptyAt: at }) => [name, at])).toEqual([
      ['n1', 700],
      ['n2', undefined],
    ]);
  });

  it('know the share of announced builds as it was observed last, none before', () => {
    const { read, observed } = begin();
    expect(observed.announcedShare).toBe(0);
    read();
    expect(observed.announcedShare).toBe(0.5);
  });

  it('groups nodes by pool, with their room beside DaemonSets and builds', () => {
    const { read, begins, ci } = begin();
    begins('n1');
    begins('');
    expect([...read().keys()]).toEqual(['ci', 'default']);
    const taints = [{ key: 'ci', value: 'b', effect: 'NoSchedule' }];
    expect(ci()).toMatchObject([
      { name: 'n1', builds: 1, room: 2, ready: true, taints },
      { name: 'n2', builds: 0, room: 3 },
    ]);
  });

  it('knows since when a node is empty, and that another one of its name is not it', async () => {
    const { clock, builds, begins, ci, put, drop } = begin();
    const empty = () => ci().map(({ emptySinceMs }) => emptySinceMs);
    expect(empty()).toEqual([0, 0]);
    begins('n1');
    expect(empty()).toEqual([undefined, 0]);
    await clock.step(5_000);
    builds.pop();
    expect(empty()).toEqual([5_000, 0]);
    drop('n2');
    await clock.step(1_000);
    expect(empty()).toEqual([5_000]);
    await clock.step(1_000);
    put('n2', { labels: { pool: 'ci' } });
    expect(empty()).toEqual([5_000, 7_000]);
  });

  it('leaves out who is not for builds, and who is being taken away', () => {
    const { ci, put } = begin();
    const labels = { pool: 'ci' };
    put('control', { labels }, 'node-role.kubernetes.io/control-plane');
    put('n2', { labels, deletionTimestamp: new Date(0) });
    expect(ci().map(({ name }) => name)).toEqual(['n1']);
  });

  it('shows who scales a node', () => {
    const { ci, put } = begin();
    put('n2', { labels: { pool: 'ci', 'karpenter.sh/nodepool': 'builds' } });
    put('n3', { labels: { pool: 'ci' }, annotations: { 'cluster.x-k8s.io/machine': 'm' } });
    expect(ci().map(({ scaler }) => scaler)).toEqual([undefined, 'NodePool builds', 'Cluster API']);
  });
});

import { describe, expect, it } from 'vitest';
import { podCountsOf } from '../capacity/pod-counts.ts';
import { poolsOf } from '../capacity/pools.ts';
import type { NodeFact } from '../capacity/read-node.ts';
import type { PodFact } from '../capacity/read-pod.ts';
import { aWaitingStage } from '../testing/demand-stages.ts';
import { MANY_PODS_OPTIONS, manyPodsSnapshot, oneNode, onePod } from '../testing/many-pods.ts';
import { conditionsOf } from './conditions.ts';
import { decide } from './decide.ts';
import type { CapacitySnapshot } from './snapshot.ts';

const ABSURD = { cpuMillicores: 2_147_483_647_000, memoryBytes: 2 ** 50 };
const NODES = Array.from({ length: 10 }, (_, nth) => oneNode(`n${nth}`));
const BUILDS = Array.from({ length: 30 }, (_, nth) => onePod(`p${nth}`, { node: `n${nth % 10}` }));
const waiting = (name: string, change: Partial<PodFact> = {}): PodFact =>
  onePod(name, { state: 'pending', node: '', request: ABSURD, ...change });
const EXPECTED = { cluster: true, runners: false, staleAfterMs: 180_000 };

function snapshotOf(
  pods: readonly PodFact[],
  nodes: readonly NodeFact[],
  change: Partial<CapacitySnapshot> = {},
) {
  const pools = poolsOf(nodes, pods, { watched: [] });
  return manyPodsSnapshot(pods, 0, { pools, pods: podCountsOf(pods), ...change });
}
const sizesOf = (snapshot: CapacitySnapshot) =>
  decide(snapshot, MANY_PODS_OPTIONS).pools.map(({ pool, desiredNodes, spareNodes }) => ({
    ...{ pool, desiredNodes, spareNodes },
  }));
const notes = (snapshot: CapacitySnapshot) =>
  conditionsOf(snapshot, EXPECTED, MANY_PODS_OPTIONS.rails).map(({ weight, text }) => `${weight}: ${text}`);

describe('a Pod of a size that no node has', () => {
  const plain = sizesOf(snapshotOf(BUILDS, NODES));

  it.each([1, 100])('changes no pool, be it %i of them', (count) => {
    const absurd = Array.from({ length: count }, (_, nth) => waiting(`absurd-${nth}`));
    expect(sizesOf(snapshotOf([...BUILDS, ...absurd], NODES))).toEqual(plain);
  });

  it('changes no pool as a stage without a Pod either', () => {
    const known = [aWaitingStage(7, { request: ABSURD, repo: 'evil/fork' })];
    const runners = {
      ...{ targets: ['r'], missing: [], answeredLately: 1, states: undefined, capacityPipelines: undefined },
      ...{ known, ahead: [], problems: [], increases: new Map() },
    };
    const snapshot = snapshotOf(BUILDS, NODES, { runners });
    expect(sizesOf(snapshot)).toEqual(plain);
    expect(notes(snapshot).join()).toContain('such as stage 7 of evil/fork');
  });

  it('is a condition that names it, its request and the remedy', () => {
    expect(notes(snapshotOf([...BUILDS, waiting('absurd')], NODES))).toEqual([
      expect.stringMatching(
        /^note: 1 waiting Pods and 0 stages fit on the nodes of no pool, such as ci\/absurd \(it requests 2147483647 CPUs and 1073741824 MiB\).* Lower their requests/,
      ),
    ]);
  });

  it('near miss: one that just fits is ordered a node, and is no condition', () => {
    const [node] = NODES;
    const just = waiting('large', { request: { ...ABSURD, ...node?.allocatable } });
    const snapshot = snapshotOf([...BUILDS, just], NODES);
    expect(notes(snapshot)).toEqual([]);
    expect(sizesOf(snapshot)[0]?.desiredNodes).toBeGreaterThan(plain[0]?.desiredNodes ?? Infinity);
  });
});

describe('a pool of small nodes beside one of large nodes', () => {
  it('is sized by the Pods that fit on it, not by the large ones of the other pool', () => {
    const allocatable = { cpuMillicores: 128_000, memoryBytes: 2 ** 40, pods: 110 };
    const large = oneNode('large', { pool: 'large', allocatable });
    const huge = Array.from({ length: 8 }, (_, nth) =>
      waiting(`huge-${nth}`, { request: { cpuMillicores: 100_000, memoryBytes: 2 ** 39 } }),
    );
    const both = decide(snapshotOf([...BUILDS, ...huge], [...NODES, large]), MANY_PODS_OPTIONS);
    const small = both.pools.find(({ pool }) => pool === 'builds');
    expect(small?.because.join()).not.toContain('left unchanged');
    expect(small?.desiredNodes).toBeGreaterThan(10);
  });
});

import { describe, expect, it } from 'vitest';
import { readNode } from './build-node.ts';
import { aNode, aNodeObject, GIB, NO_RESERVE } from './testing/a-node.ts';

describe('a node as admission sees it', () => {
  it('has the room that it reports, less the reserve for others', () => {
    const object = aNodeObject('n1', { cpu: '3920m', memory: '7Gi', pods: '58' });
    expect(readNode(object, NO_RESERVE).room).toEqual({
      cpuMillicores: 3_920,
      memoryBytes: 7 * GIB,
      pods: 58,
    });
    const reserve = { cpuMillicores: 420, memoryBytes: GIB, pods: 8 };
    expect(readNode(object, reserve).room).toEqual({ cpuMillicores: 3_500, memoryBytes: 6 * GIB, pods: 50 });
  });

  it('has no room where the reserve is larger than the node', () => {
    const reserve = { cpuMillicores: 5_000, memoryBytes: 9 * GIB, pods: 111 };
    expect(readNode(aNodeObject('n1'), reserve).room).toEqual({ cpuMillicores: 0, memoryBytes: 0, pods: 0 });
  });

  it('may turn out to be of any size before it has reported one, and is not ready then', () => {
    const { room, isReady } = readNode({ metadata: { name: 'new' } }, NO_RESERVE);
    expect([isReady, room.cpuMillicores, room.memoryBytes]).toEqual([false, Infinity, Infinity]);
  });

  it.each([
    ['is ready', {}, true],
    ['is not ready', { ready: 'False' }, false],
    ['does not answer', { ready: 'Unknown' }, false],
  ])('%s', (_sentence, change, isReady) => {
    expect(aNode('n1', change).isReady).toBe(isReady);
  });

  it('is not ready while it is deleted', () => {
    const object = aNodeObject('n1');
    const metadata = { ...object.metadata, deletionTimestamp: new Date(0) };
    expect(readNode({ ...object, metadata }, NO_RESERVE).isReady).toBe(false);
  });

  it('has the taint that the scheduler knows a cordoned node by', () => {
    const key = 'node.kubernetes.io/unschedulable';
    expect(aNode('n1', { unschedulable: true }).taints).toEqual([{ key, effect: 'NoSchedule' }]);
    expect(aNode('n1').taints).toEqual([]);
  });

  it.each([
    [{ labels: { 'karpenter.sh/nodepool': 'builds' } }, 'Karpenter'],
    [{ labels: { 'karpenter.sh/provisioner-name': 'builds' } }, 'Karpenter'],
    [{ taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] }, 'Cluster Autoscaler'],
    [
      { taints: [{ key: 'DeletionCandidateOfClusterAutoscaler', effect: 'PreferNoSchedule' }] },
      'Cluster Autoscaler',
    ],
    [{ taints: [{ key: 'hangar.dev/surplus', effect: 'PreferNoSchedule' }] }, 'the autoscaler of Hangar'],
    [{ labels: { 'karpenter.sh/capacity-type': 'spot' } }, undefined],
    [{ labels: { 'eks.amazonaws.com/nodegroup': 'builds' } }, undefined],
    [{ taints: [{ key: 'ci-builds', effect: 'NoSchedule' }] }, undefined],
    [{ labels: { constructor: 'x' } }, undefined],
  ])('with %j is scaled by %s', (change, scaler) => {
    expect(aNode('n1', change).scaler).toBe(scaler);
  });

  it.each([
    [{ labels: { 'eks.amazonaws.com/nodegroup': 'builds' } }, 'eks.amazonaws.com/nodegroup'],
    [{ labels: { 'cloud.google.com/gke-nodepool': 'builds' } }, 'cloud.google.com/gke-nodepool'],
    [{ labels: { 'kubernetes.azure.com/agentpool': 'builds' } }, 'kubernetes.azure.com/agentpool'],
    [
      { annotations: { 'cluster-autoscaler.kubernetes.io/scale-down-disabled': 'true' } },
      'cluster-autoscaler.kubernetes.io/scale-down-disabled',
    ],
    [{ labels: { 'eks.amazonaws.com/nodegroup-image': 'ami-1' } }, undefined],
    [{ annotations: { 'cluster.x-k8s.io/machine': 'm-1' } }, undefined],
  ])('with %j is of a pool that may be autoscaled by %s', (change, mark) => {
    expect(aNode('n1', change).poolMark).toBe(mark);
  });
});

import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { LABEL, SCHEDULING_GATE } from '../pipeline/compiled.ts';
import { NO_LOAD } from './admit.ts';
import { type AdmittedStages, nodeLoads } from './node-loads.ts';

const asks = { ...NO_LOAD, pods: 1, cpuMillicores: 1_000 };
const nodeSelector = { size: '4' };
const NOTHING: AdmittedStages = { own: [], pods: [], reserved: new Map() };

const podOf = (stageId: number, spec: Partial<V1Pod['spec']> = {}, phase = 'Pending'): V1Pod => ({
  metadata: { labels: { [LABEL.stageId]: String(stageId) } },
  spec: { containers: [{ name: 'step-1', resources: { requests: { cpu: '1' } } }], ...spec },
  status: { phase },
});
const reservedOn = (...nodes: readonly string[]) =>
  new Map(nodes.map((node, index) => [index + 1, { node, asks }]));

describe('what is taken on nodes', () => {
  it('is what a Pod requests, on its node', () => {
    const pods = [podOf(1, { nodeName: 'n1' }, 'Running')];
    expect(nodeLoads({ ...NOTHING, pods })).toEqual({ bound: [{ node: 'n1', asks }], pending: [] });
  });

  it('is nothing by a Pod that has ended, or that our gate holds', () => {
    const pods = [
      podOf(1, { nodeName: 'n1' }, 'Succeeded'),
      podOf(2, { schedulingGates: [{ name: SCHEDULING_GATE }] }),
    ];
    expect(nodeLoads({ ...NOTHING, pods })).toEqual({ bound: [], pending: [] });
  });

  it('is on any node that suits, by a Pod without a node', () => {
    const pods = [podOf(1, { nodeSelector })];
    expect(nodeLoads({ ...NOTHING, pods }).pending).toEqual([
      { asks, placement: { nodeSelector }, node: undefined },
    ]);
  });

  it('is on the node that it was admitted to, as its own replica knows it, or by the reservation', () => {
    const pods = [podOf(1, { nodeSelector }), podOf(2)];
    const own = [{ stageId: 2, asks, node: 'n2' }];
    expect(nodeLoads({ own, pods, reserved: reservedOn('n1') })).toEqual({
      bound: [],
      pending: [
        { asks, placement: { nodeSelector }, node: 'n1' },
        { asks, placement: {}, node: 'n2' },
      ],
    });
  });

  it('is counted once for a stage: of its Pod on a node, its entry and its reservation, the Pod', () => {
    const pods = [podOf(1, { nodeName: 'n9' }, 'Running')];
    const own = [{ stageId: 1, asks, node: 'n1' }];
    expect(nodeLoads({ own, pods, reserved: reservedOn('n1') })).toEqual({
      bound: [{ node: 'n9', asks }],
      pending: [],
    });
    const ended = [podOf(1, { nodeName: 'n9' }, 'Failed')];
    expect(nodeLoads({ own, pods: ended, reserved: reservedOn('n1') })).toEqual({ bound: [], pending: [] });
  });

  it('is that of an own stage while its Pod is still to come, or is held', () => {
    const own = [{ stageId: 1, asks, placement: { nodeSelector }, node: 'n1' }];
    const want = { bound: [], pending: [{ asks, placement: { nodeSelector }, node: 'n1' }] };
    expect(nodeLoads({ ...NOTHING, own })).toEqual(want);
    const pods = [podOf(1, { schedulingGates: [{ name: SCHEDULING_GATE }] })];
    expect(nodeLoads({ own, pods, reserved: reservedOn('n1') })).toEqual(want);
  });

  it('is what another replica has reserved, until its Pod is seen', () => {
    const reserved = reservedOn('n1', 'n2');
    const pods = [podOf(1, { nodeName: 'n3' }, 'Running')];
    expect(nodeLoads({ ...NOTHING, pods, reserved }).bound).toEqual([
      { node: 'n3', asks },
      { node: 'n2', asks },
    ]);
  });

  it('is placed for those first that were admitted to a node, then by age', () => {
    const own = [
      { stageId: 1, asks },
      { stageId: 3, asks, node: 'n3' },
      { stageId: 2, asks, node: 'n2' },
    ];
    expect(nodeLoads({ ...NOTHING, own }).pending.map(({ node }) => node)).toEqual(['n2', 'n3', undefined]);
  });
});

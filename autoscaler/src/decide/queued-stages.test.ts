import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { podCountsOf } from '../capacity/pod-counts.ts';
import type { PodFact } from '../capacity/read-pod.ts';
import { aWaitingStage } from '../testing/demand-stages.ts';
import { type DemandSources, totalDemand } from './demand.ts';

const REQUEST = { cpuMillicores: 1000, memoryBytes: 2 ** 30 };

const stages = (count: number, pod = '') =>
  Array.from({ length: count }, (_, stageId) =>
    aWaitingStage(stageId, { request: REQUEST, pod: pod === '' ? '' : `${pod}${stageId}` }),
  );
const pods = (count: number, state: PodFact['state'], name: string): PodFact[] =>
  Array.from({ length: count }, (_, nth) => ({
    ...{ uid: `${name}${nth}`, namespace: 'ci', name: `${name}${nth}`, state, node: '', request: REQUEST },
    ...{
      createdMs: 0,
      boundMs: undefined,
      startedMs: undefined,
      allStartedMs: undefined,
      endedMs: undefined,
    },
    ...{ constraints: {}, build: '', repo: '', stage: '', pipeline: '', event: '' },
  }));
const runners = (inWork: number, capacityPipelines: number) => ({
  capacityPipelines,
  states: {
    waiting: { stages: 0, cpuMillicores: 0, memoryBytes: 0 },
    starting: { stages: 0, cpuMillicores: 0, memoryBytes: 0 },
    running: { stages: inWork, cpuMillicores: 0, memoryBytes: 0 },
  },
});
type Change = Omit<Partial<DemandSources>, 'pods'> & { readonly pods?: readonly PodFact[] };
const demandWith = ({ pods: there = [], ...change }: Change) =>
  totalDemand({
    ...{ known: [], ahead: [], nodeReadyMs: 0, states: undefined, capacityPipelines: undefined },
    ...{ pendingJobs: undefined, quotaRoomPods: Infinity, typical: REQUEST },
    ...change,
    pods: podCountsOf(there, new Set(change.known?.map(({ pod }) => pod))),
  });

describe('stages that wait at the Drone server', () => {
  it('are known work of the usual size unless a runner has them', () => {
    expect(demandWith({ pendingJobs: 5 })).toMatchObject({
      ...{ knownStages: 5, queuedStages: 5, known: [{ request: REQUEST, count: 5 }] },
      notes: ['5 stages wait at the Drone server for a runner'],
    });
  });

  it('are none when the server reports 0, and none when it reports nothing', () => {
    for (const pendingJobs of [0, undefined])
      expect(demandWith({ pendingJobs, known: stages(2) })).toMatchObject({
        ...{ knownStages: 2, queuedStages: 0, notes: [] },
      });
  });

  it.each([
    ['that a runner has accepted', { known: stages(3) }, 5, 2],
    [
      'whose Pods are held, reported by the runner',
      { known: stages(3, 'p'), pods: pods(3, 'held', 'p') },
      2,
      2,
    ],
    ['whose Pods are held, no longer reported', { pods: pods(3, 'held', 'p') }, 2, 2],
  ])('count once: those %s are pending for Drone too', (_sentence, change, known, queued) => {
    expect(demandWith({ pendingJobs: 5, ...change })).toMatchObject({
      ...{ knownStages: known, queuedStages: queued },
    });
  });

  it('are not those whose Pods run or wait for a node: they have started', () => {
    const started = [...pods(2, 'bound', 'a'), ...pods(2, 'pending', 'b')];
    expect(demandWith({ pendingJobs: 1, pods: started }).queuedStages).toBe(1);
  });

  it('count up to the free capacity of the runners, since what waits for others to end needs no node', () => {
    const demand = demandWith({ pendingJobs: 5, ...runners(8, 10) });
    expect(demand.queuedStages).toBe(2);
    expect(demand.notes).toContain(
      '5 stages wait at the Drone server for a runner; runners or quotas have no capacity for 3 of them',
    );
    expect(demandWith({ pendingJobs: 5, ...runners(10, 10) }).queuedStages).toBe(0);
    expect(demandWith({ pendingJobs: 5, ...runners(10, 10), quotaRoomPods: 3 }).queuedStages).toBe(0);
    expect(demandWith({ pendingJobs: 5, known: stages(1), quotaRoomPods: 3 }).knownStages).toBe(3);
  });

  it('never make the total exceed what runners have plus what is pending at Drone', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(30), fc.nat(30), (pendingJobs, accepted, held) => {
        const { knownStages, pendingPods, queuedStages } = demandWith({
          ...{ pendingJobs, known: stages(accepted), pods: pods(held, 'held', 'h') },
        });
        expect(queuedStages).toBeGreaterThanOrEqual(0);
        expect(knownStages + pendingPods).toBe(Math.max(pendingJobs, accepted + held));
      }),
    );
  });
});

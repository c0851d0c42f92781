import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CROWD_OPTIONS, crowdPod, crowdSnapshot } from '../testing/crowd.ts';
import type { PodFact } from '../watch/read-pod.ts';
import { decide } from './decide.ts';
import { parcelOf } from './parcel.ts';

const NODES = 6;
const pods = fc
  .array(
    fc.record({
      state: fc.constantFrom<PodFact['state']>('bound', 'pending', 'held'),
      namespace: fc.constantFrom('ci', 'other'),
      cpuMillicores: fc.constantFrom(100, 1150, 9000),
      nth: fc.nat(NODES - 1),
      zone: fc.option(fc.constantFrom('a', 'nowhere'), { nil: undefined }),
    }),
    { maxLength: 40 },
  )
  .map((made) =>
    made.map(({ state, namespace, cpuMillicores, nth, zone }, index) =>
      crowdPod(`p${index}`, {
        state,
        namespace,
        node: state === 'bound' ? `n${nth}` : '',
        request: { cpuMillicores, memoryBytes: 2 ** 30 },
        constraints: zone === undefined ? {} : { nodeSelector: { zone } },
      }),
    ),
  );

/** What a runner knows: stages whose Pods are here, or not yet. */
const known = fc.array(fc.constantFrom('p0', 'p3', '', 'p99'), { maxLength: 6 }).map((names) => ({
  targets: ['http://r'],
  missing: [],
  answeredLately: 1,
  states: undefined,
  capacityPipelines: undefined,
  known: names.map((pod, stageId) => ({
    stageId,
    repo: '',
    reason: '',
    pod,
    sinceMs: 0,
    request: undefined,
  })),
  ahead: [],
  problems: [],
  increases: new Map(),
}));

describe('parcelOf', () => {
  it('changes no decision', () => {
    fc.assert(
      fc.property(pods, known, (there, runners) => {
        const snapshot = crowdSnapshot(there, NODES, { runners });

        expect(decide(parcelOf(snapshot), CROWD_OPTIONS)).toEqual(decide(snapshot, CROWD_OPTIONS));
      }),
      { numRuns: 60 },
    );
  });

  it('holds what is alike once, however many they are', () => {
    const crowd = Array.from({ length: 3000 }, (_, nth) => crowdPod(`p${nth}`, { node: `n${nth % 1000}` }));
    const { pods: parcelled = [] } = parcelOf(crowdSnapshot(crowd, 1000));

    expect(parcelled).toHaveLength(3000);
    expect(new Set(parcelled).size).toBe(1);
  });
});

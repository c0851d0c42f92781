import { describe, expect, it } from 'vitest';
import { podCountsOf } from '../capacity/pod-counts.ts';
import { aStageAhead } from '../testing/demand-stages.ts';
import { ruleBuffer } from './buffer.ts';
import { type Demand, totalDemand } from './demand.ts';
import { momentOf } from './moment.ts';

const READY_MS = 180_000;
const OPTIONS = { z: 2, floor: 5, quantile: 0.95, forecast: true };

function demandWith(...expected: (number | undefined)[]): Demand {
  const ahead = expected.map((expectedMs, stageId) => aStageAhead(stageId, expectedMs));
  return totalDemand({
    pods: podCountsOf([]),
    known: [],
    ahead,
    pendingJobs: undefined,
    nodeReadyMs: READY_MS,
    states: undefined,
    capacityPipelines: undefined,
    quotaRoomPods: Infinity,
    typical: { cpuMillicores: 1000, memoryBytes: 2 ** 30 },
  });
}

describe('stages of running builds that are still to come', () => {
  it.each([
    ['before a node that is ordered now would work', READY_MS, 1],
    ['after that: there is time to order a node later', READY_MS + 1, 0],
    ['at an unknown time', undefined, 0],
  ])('count when they start %s', (_sentence, expectedMs, want) => {
    const demand = demandWith(expectedMs);

    expect([demand.stagesSoon, momentOf(0, [], demand).knownAhead]).toEqual([want, want]);
  });

  it('are not current demand, and not stages that are known to wait', () => {
    expect(demandWith(0)).toMatchObject({ runningPods: 0, pendingPods: 0, knownStages: 0 });
  });

  it("are a minimum of the free room, and not added to the rule's buffer", () => {
    expect(ruleBuffer(demandWith(...Array<number>(5).fill(0)), OPTIONS).pods).toBe(5);
    expect(ruleBuffer(demandWith(...Array<number>(40).fill(0)), OPTIONS)).toEqual({
      pods: 40,
      by: 'rule',
      because: '40 stages of running builds are expected before a node requested now would be ready',
    });
  });
});

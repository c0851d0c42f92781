import { describe, expect, it } from 'vitest';
import { podCountsOf } from '../capacity/pod-counts.ts';
import { poolsOf } from '../capacity/pools.ts';
import type { PodFact } from '../capacity/read-pod.ts';
import { MIB } from '../capacity/shape.ts';
import { PUBLISHED_SHAPES } from '../model/shapes.ts';
import { aWaitingStage } from '../testing/demand-stages.ts';
import { MANY_PODS_OPTIONS, manyPodsSnapshot, oneNode, onePod } from '../testing/many-pods.ts';
import { conditionsOf } from './conditions.ts';
import { type DecideOptions, decide } from './decide.ts';
import type { CapacitySnapshot } from './snapshot.ts';

const EXPECTED = { cluster: true, runners: true, staleAfterMs: 180_000 };
const POOLS = ['builds', 'spot', 'arm', 'large'];
const NODES = Array.from({ length: 40 }, (_, nth) => oneNode(`n${nth}`, { pool: POOLS[nth % 4] ?? '' }));
const BUILDS = Array.from({ length: 120 }, (_, nth) => onePod(`p${nth}`, { node: `n${nth % 40}` }));
/** Every shape has a price, so that their mix is searched too. */
const PRICED: DecideOptions = {
  ...MANY_PODS_OPTIONS,
  money: {
    prices: Object.fromEntries(PUBLISHED_SHAPES.map(({ name }, nth) => [name, 0.1 + nth / 50])),
    currency: 'EUR',
    maxPerDay: undefined,
  },
};

const request = (nth: number) => ({
  cpuMillicores: 1 + ((nth * 7919) % 1900),
  memoryBytes: MIB * (1 + ((nth * 104_729) % 3001)),
});
const stages = (count: number) =>
  Array.from({ length: count }, (_, nth) => aWaitingStage(nth, { request: request(nth) }));
const waitingPods = (count: number): PodFact[] =>
  Array.from({ length: count }, (_, nth) =>
    onePod(`w${nth}`, { state: 'pending', node: '', request: request(nth + 99_991) }),
  );

function snapshotOf(known: CapacitySnapshot['runners'] & object, waiting: readonly PodFact[]) {
  const pods = [...BUILDS, ...waiting];
  const pools = poolsOf(NODES, pods, { watched: [] });
  return manyPodsSnapshot(pods, 0, { pools, pods: podCountsOf(pods), runners: known });
}
const runners = (known: ReturnType<typeof stages>): CapacitySnapshot['runners'] & object => ({
  ...{ targets: ['r'], missing: [], answeredLately: 1, states: undefined, capacityPipelines: undefined },
  ...{ known, ahead: [], problems: [], increases: new Map() },
});

/** CPU of this thread; time on the clock would count what else the machine does. */
function cpuSeconds(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1e6;
}

describe('a tick with work of very many sizes', () => {
  it.each([
    ['what one lying runner may tell of', 20_000, 0],
    ["a tenant's Pods", 0, 20_000],
    ['both', 20_000, 20_000],
    ['as many as are still simulated', 700, 700],
  ])('takes about as long as any other: %s', { timeout: 60_000 }, (_, known, waiting) => {
    const snapshot = snapshotOf(runners(stages(known)), waitingPods(waiting));
    let wanted = 0;
    const spent = cpuSeconds(() => {
      conditionsOf(snapshot, EXPECTED, PRICED.rails);
      wanted = decide(snapshot, PRICED).pools.reduce((sum, { desiredNodes }) => sum + desiredNodes, 0);
    });

    expect(wanted).toBeGreaterThan(NODES.length);
    // Before sizes were bounded, it was more than a minute.
    expect(spent).toBeLessThan(4);
  });
});

import type { ServedPage } from './served-page.ts';

type Ledger = ServedPage['ledger'];
type Recommendation = NonNullable<Ledger['recommendation']>;
type Shape = Recommendation['shapes'][number];
type Pool = Recommendation['pools'][number];

const GIB = 2 ** 30;
const TICK_MS = 60_000;
const TICKS = 360;

const shape = (name: string, cores: number, [nodesNow, nodesAhead]: readonly [number, number]): Shape => ({
  shape: name,
  allocatable: { cpuMillicores: cores * 1000 - 80, memoryBytes: (cores * 2 - 2) * GIB, pods: 110 },
  source: "GKE's formula",
  nodesNow,
  nodesAhead,
  waitP95Seconds: cores === 4 ? 3.4 : 12.25,
  tooLargeShare: cores === 4 ? 0.125 : 0,
  cost: {
    perHour: nodesAhead * 0.0475 * cores,
    perDay: nodesAhead * 0.0475 * cores * 24,
    perMonth: nodesAhead * 0.0475 * cores * 730,
    per1000Prs: 41.2,
  },
  because: [
    `61 Pods running, unschedulable or known: ${nodesNow} nodes; with a buffer for 18 more: ${nodesAhead} nodes`,
  ],
});

/** A pool; names are chosen by users, so some tests choose malicious ones. */
export const pool = (name: string, actualNodes = 22, desiredNodes = 26): Pool => ({
  pool: name,
  owner: 'karpenter',
  actualNodes,
  readyNodes: actualNodes - 1,
  emptyNodes: 2,
  desiredNodes,
  needNodes: desiredNodes,
  shrinkToNodes: desiredNodes + 1,
  shortNodes: 0,
  nodePerHour: 0.19,
  waitP95Seconds: 2,
  spareNodes: 4,
  tooLargeShare: 0,
  because: [
    'capacity for 66 Pods on 22 nodes (1 booting, 2 empty); required: capacity for 79 Pods',
    'with 3 Pods per node, 4 more nodes are needed',
  ],
});

/** A recommendation with everything that it can have. */
function recommendation(atMs: number, pools: readonly Pool[]): Recommendation {
  return {
    atMs,
    leadSeconds: 200,
    objectiveWaitP95Seconds: 10,
    demand: { runningPods: 48, pendingPods: 5, knownStages: 8, bufferPods: 17.4, lowerBound: false },
    typicalPod: { cpuMillicores: 1150, memoryBytes: 1.66 * GIB },
    buffer: { pods: 17.4, by: 'forecast', because: 'by the forecast' },
    shapes: [shape('4cpu-8gb', 4, [21, 27]), shape('8cpu-16gb', 8, [11, 14])],
    pools,
    requestClasses: [
      {
        request: { cpuMillicores: 5000, memoryBytes: 9 * GIB },
        runningPods: 6,
        pendingPods: 1,
        knownStages: 1,
        share: 0.125,
        fitsShapes: ['8cpu-16gb'],
        tooLargeForShapes: ['4cpu-8gb'],
        fitsPools: [],
      },
      {
        request: { cpuMillicores: 1150, memoryBytes: 1.66 * GIB },
        runningPods: 42,
        pendingPods: 4,
        knownStages: 7,
        share: 0.875,
        fitsShapes: ['4cpu-8gb', '8cpu-16gb'],
        tooLargeForShapes: [],
        fitsPools: ['builds'],
      },
    ],
    mix: {
      parts: [
        { shape: '4cpu-8gb', nodes: 19, perHour: 3.61 },
        { shape: '8cpu-16gb', nodes: 3, perHour: 1.14 },
      ],
      cost: { perHour: 4.75, perDay: 114, perMonth: 3467.5, per1000Prs: 38.9 },
      waitP95Seconds: 4.1,
      tooLargeShare: 0,
      because: ['3 of the large ones hold what fits on no small one; the rest is cheapest on small ones'],
    },
    currency: 'EUR',
    spend: {
      perHourNow: 4.18,
      today: 37.62,
      countedFromMs: atMs - 9 * 3_600_000,
      maxPerDay: 150,
      unpricedPools: [],
    },
    advice: [
      {
        engine: 'cluster-autoscaler',
        pool: 'builds',
        setting: '--scale-down-unneeded-time',
        now: '10m0s',
        better: '1m0s',
        saves: {
          nodeHoursShare: 0.21,
          waitP95Seconds: undefined,
          basis: 'replay',
          text: 'It saves 21 % of the node-hours of the last 14 days.',
        },
        because: 'An empty node stays for ten minutes, which is longer than one takes to boot.',
      },
    ],
    because: [
      '48 Pods are running, 5 are unschedulable, 8 known stages have no Pod yet',
      'a node takes 200 s from the decision to its first build; for arrivals until then: the 95 % quantile of this hour, room for 17 Pods',
    ],
  };
}

type Point = Parameters<Ledger['history']['push']>[0];

/** A tick without data. */
const blank = (atMs: number): Point => ({
  ...{ atMs, running: null, pending: null, known: null, buffer: null, waitSeconds: null },
  ...{ shapes: {}, pools: {} },
});

function pointAt(nth: number, atMs: number, pools: readonly Pool[]): Point {
  const load = 8 + 45 * Math.sin((nth / TICKS) * 2) ** 2 + 5 * Math.sin(nth / 7);
  const longest = nth % 90 === 0 ? 31 : 1 + (nth % 11);
  const nodes = { actual: Math.ceil(load / 2.6) + 2, desired: Math.ceil(load / 2.5) + 3 };
  return {
    atMs,
    running: Math.round(load),
    pending: nth % 23 === 0 ? 6 : 0,
    known: nth % 5,
    buffer: 6 + 1.6 * Math.sqrt(load),
    waitSeconds: nth % 6 === 0 ? longest : null,
    shapes: { '4cpu-8gb': Math.ceil(load / 2.5) + 5, '8cpu-16gb': Math.ceil(load / 5) + 3 },
    pools: Object.fromEntries(pools.map((one) => [one.pool, nodes])),
  };
}

/** Fills a ledger with six hours of a working day: a rise, a peak, and a gap without data. */
export function fillLedger(ledger: Ledger, nowMs: number, pools: readonly Pool[] = [pool('builds')]): void {
  for (let nth = 0; nth <= TICKS; nth += 1) {
    const atMs = nowMs - (TICKS - nth) * TICK_MS;
    ledger.history.push(nth > 150 && nth < 162 ? blank(atMs) : pointAt(nth, atMs, pools));
  }
  ledger.decided(recommendation(nowMs, pools), []);
}

/** Fills a ledger with a number of decisions. */
export function fillDecisions(ledger: Ledger, nowMs: number, count: number): void {
  for (let nth = count; nth > 0; nth -= 1)
    ledger.decisions.push({
      atMs: nowMs - nth * 97_000,
      pool: 'builds',
      fromNodes: 20 + (nth % 5),
      toNodes: 22 + (nth % 3),
      needNodes: 22 + (nth % 3),
      shrinkToNodes: 23 + (nth % 3),
      outcome: nth % 4 === 0 ? 'set' : 'dry-run',
      note: nth % 4 === 0 ? 'spec.replicas of builds' : 'acting is off: this service only recommends',
      because: [
        'capacity for 66 Pods on 22 nodes (1 booting, 2 empty); required: capacity for 79 Pods',
        'with 3 Pods per node, 4 more nodes are needed',
      ],
    });
}

/** Fills a ledger with an act that was done and one that is refused repeatedly. */
export function fillActs({ audit }: Ledger, nowMs: number): void {
  const act = {
    actor: 'node-pool builds',
    from: 22,
    to: 26,
    because: 'with 3 Pods per node, 4 more nodes are needed',
  };
  audit.record({ ...act, atMs: nowMs - 60_000, kind: 'set', text: 'scaled NodePool builds' });
  for (let nth = 3; nth > 0; nth -= 1)
    audit.record({
      ...act,
      atMs: nowMs - nth * 10_000,
      kind: 'paused',
      text: 'the pool is paused by its annotation',
    });
}

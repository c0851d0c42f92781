import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { calibrate } from '../../calibrate/calibrate.ts';
import type { Recommendation } from '../../decide/recommendation.ts';
import { readPageFile } from '../../edges/page-file.ts';
import { Ledger } from '../../history/ledger.ts';
import { createHttp } from '../server.ts';

const SIZE = { cpuMillicores: 1150, memoryBytes: 2 ** 30 };
const COST = { perHour: 0.95, perDay: 22.8, perMonth: 693.5, per1000Prs: undefined };
/** A small recommendation, made at the start time of the fake clock. */
export const RECOMMENDATION: Recommendation = {
  atMs: 1_768_383_000_000,
  leadSeconds: 200,
  objectiveWaitP95Seconds: 10,
  demand: { runningPods: 4, pendingPods: 1, knownStages: 2, bufferPods: 9.9, lowerBound: false },
  typicalPod: SIZE,
  buffer: { pods: 9.9, by: 'rule', because: 'by the rule' },
  shapes: [
    {
      shape: '4cpu-8gb',
      allocatable: { ...SIZE, pods: 110 },
      source: 'here',
      nodesNow: 2,
      nodesAhead: 5,
      waitP95Seconds: undefined,
      tooLargeShare: 0,
      cost: COST,
      because: ['so'],
    },
  ],
  pools: [
    {
      pool: 'builds',
      owner: 'unknown',
      actualNodes: 4,
      readyNodes: 3,
      emptyNodes: 1,
      desiredNodes: 5,
      needNodes: 5,
      shrinkToNodes: 6,
      shortNodes: 0,
      spareNodes: 2,
      nodePerHour: 0.19,
      waitP95Seconds: undefined,
      tooLargeShare: 0,
      because: ['one more'],
    },
  ],
  requestClasses: [
    {
      request: SIZE,
      runningPods: 4,
      pendingPods: 1,
      knownStages: 2,
      share: 1,
      fitsShapes: ['4cpu-8gb'],
      tooLargeForShapes: [],
      fitsPools: ['builds'],
    },
  ],
  mix: {
    parts: [{ shape: '4cpu-8gb', nodes: 5, perHour: 0.95 }],
    cost: COST,
    waitP95Seconds: 1.5,
    tooLargeShare: 0,
    because: ['the cheapest'],
  },
  currency: 'EUR',
  spend: {
    perHourNow: 0.76,
    today: 7.1,
    countedFromMs: 1_768_348_800_000,
    maxPerDay: undefined,
    unpricedPools: [],
  },
  advice: [
    {
      engine: 'cluster-autoscaler',
      pool: 'builds',
      setting: '--scale-down-unneeded-time',
      now: '10m',
      better: '1m',
      saves: { nodeHoursShare: 0.1, waitP95Seconds: undefined, basis: 'published', text: 'a tenth less' },
      because: 'empty nodes stay for long',
    },
  ],
  because: ['for a reason'],
};

const CURVE = {
  bootMinute: { nodeHoursPer1000Prs: 20, waitMeanSeconds: 0.4 },
  ...{ atMs: 1_768_348_800_000, days: 4.7, builds: 900, waitPrice: 30 },
  points: [
    {
      ...{ waitPrice: 30, nodeHoursPerDay: 96.1, waitMinutesPerDay: 20 },
      ...{ waitMeanSeconds: 2, waitP95Seconds: 3.1 },
    },
  ],
};

/** The HTTP server alone, without a recommendation. */
export function aServer(ledger = new Ledger(), clock = new FakeClock()) {
  const http = createHttp({
    clock,
    ledger,
    calibration: () => calibrate([]),
    meanMissPods: () => undefined,
    curve: () => CURVE,
    bootPhases: () => [{ phase: 'machine', seconds: 120, boots: 9 }],
    metrics: { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('up 1\n') },
    version: '1.2.3',
    page: readPageFile(),
  });
  return { http, ledger, clock };
}

/** The HTTP server with a recommendation. */
export function withAnswer() {
  const ledger = new Ledger();
  ledger.decided(RECOMMENDATION, []);
  return aServer(ledger);
}

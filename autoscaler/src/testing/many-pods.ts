import { NO_ENGINE_FACTS } from '../advise/engines.ts';
import { calibrate } from '../calibrate/calibrate.ts';
import { podCountsOf } from '../capacity/pod-counts.ts';
import { poolsOf } from '../capacity/pools.ts';
import type { NodeFact } from '../capacity/read-node.ts';
import type { PodFact } from '../capacity/read-pod.ts';
import { MIB } from '../capacity/shape.ts';
import type { DecideOptions } from '../decide/decide.ts';
import type { CapacitySnapshot } from '../decide/snapshot.ts';

const NONE = { cpuMillicores: 0, memoryBytes: 0 };

/** The default settings of the service. */
export const MANY_PODS_OPTIONS: DecideOptions = {
  shapes: [],
  daemonSets: NONE,
  buffer: { z: 2, floor: 5, quantile: 0.95, forecast: true },
  rails: {
    minNodes: 0,
    maxNodes: 10_000,
    stepUp: 100,
    stepDown: 100,
    coolDownMs: 60_000,
    quota: { cpuMillicores: Infinity, memoryBytes: Infinity },
  },
  floors: [],
  money: { prices: {}, currency: '', maxPerDay: undefined },
  poolOrder: [],
  objectiveMs: 10_000,
  tickMs: 10_000,
  seed: 1,
};

/** A build Pod; by default bound to the first node. */
export const onePod = (name: string, change: Partial<PodFact> = {}): PodFact => ({
  uid: name,
  namespace: 'ci',
  name,
  state: 'bound',
  node: 'n0',
  createdMs: 0,
  boundMs: 0,
  startedMs: 0,
  allStartedMs: 0,
  endedMs: undefined,
  request: { cpuMillicores: 1150, memoryBytes: 1700 * MIB },
  constraints: {},
  build: '',
  repo: '',
  stage: '',
  pipeline: '',
  event: '',
  ...change,
});

/** A node of the pool `builds`; by default ready and without taints. */
export const oneNode = (name: string, change: Partial<NodeFact> = {}): NodeFact => ({
  name,
  uid: name,
  resourceVersion: '1',
  annotations: {},
  pool: 'builds',
  allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 },
  traits: { labels: {} },
  ready: true,
  readyMs: undefined,
  createdMs: 0,
  owner: 'unknown',
  scaler: undefined,
  foreign: false,
  closed: false,
  leaving: false,
  ...change,
});

/** A snapshot of a pool with these Pods on the nodes `n0`, `n1`, …. */
export function manyPodsSnapshot(
  pods: readonly PodFact[],
  nodes: number,
  change: Partial<CapacitySnapshot> = {},
): CapacitySnapshot {
  const fresh = { staleMs: 100, trouble: '' };
  const there = Array.from({ length: nodes }, (_, nth) => oneNode(`n${nth}`));
  return {
    nowMs: 1_000_000,
    pods: podCountsOf(pods, new Set((change.runners?.known ?? []).map(({ pod }) => pod))),
    pools: poolsOf(there, pods, { assumed: NONE }),
    watches: { pods: fresh, nodes: fresh, daemonSets: fresh },
    runners: undefined,
    calibration: calibrate([]),
    perSecond: 0.1,
    grewAtMs: new Map(),
    nodeHours: { byPool: new Map(), countedFromMs: 0 },
    surroundings: NO_ENGINE_FACTS,
    compared: new Map(),
    drone: undefined,
    forecast: undefined,
    ...change,
  };
}

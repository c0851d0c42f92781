import type { PolicyView } from '../policy.ts';

/** The view of a policy when nothing happens, with optional changes. */
export const quietView = (nowSeconds: number, change: Partial<PolicyView> = {}): PolicyView => ({
  nowSeconds,
  nodes: [],
  nodeSpec: { allocatable: { cpuMillicores: 1000, memoryBytes: 1000, pods: 10 } },
  bootSeconds: 180,
  waiting: [],
  waitingTotal: 0,
  running: [],
  arrivals: [],
  finished: [],
  knownAhead: 0,
  typicalRequest: { cpuMillicores: 1, memoryBytes: 1 },
  roomOn: () => 0,
  ...change,
});

import { describe, expect, it } from 'vitest';
import type { NodeUsage, Pool } from '../capacity/pools.ts';
import { GIB } from '../capacity/shape.ts';
import { poolRoom } from './pool-room.ts';

const USUAL = { cpuMillicores: 1000, memoryBytes: GIB };

const node = (cpuMillicores: number, more: Partial<NodeUsage> = {}): NodeUsage => ({
  name: 'n',
  ready: true,
  closed: false,
  createdMs: 0,
  builds: cpuMillicores === 0 ? 0 : 1,
  used: { cpuMillicores, memoryBytes: cpuMillicores === 0 ? 0 : GIB },
  ...more,
});

const pool = (...nodes: readonly NodeUsage[]): Pool => {
  const allocatable = { cpuMillicores: 4000, memoryBytes: 8 * GIB, pods: 110 };
  return {
    name: 'builds',
    spec: { allocatable, daemonSets: { cpuMillicores: 300, memoryBytes: 0, pods: 1 } },
    shape: { name: 'builds', allocatable, source: 'test' },
    owner: 'unknown',
    nodes,
  };
};

const cpuOf = (given: Pool) =>
  Object.fromEntries(
    Object.entries(poolRoom(given, USUAL)).map(([state, { cpuMillicores }]) => [state, cpuMillicores]),
  );

describe('poolRoom', () => {
  it.each<[string, Pool, Record<string, number>]>([
    ['no nodes: nothing', pool(), { used: 0, idle: 0, open: 0, stranded: 0 }],
    [
      'an empty node is idle, minus its DaemonSets',
      pool(node(0)),
      { used: 0, idle: 3700, open: 0, stranded: 0 },
    ],
    ['room for exactly one more is open', pool(node(2700)), { used: 2700, idle: 0, open: 1000, stranded: 0 }],
    ['a little less is stranded', pool(node(2701)), { used: 2701, idle: 0, open: 0, stranded: 999 }],
    [
      'a closed node strands what is free on it',
      pool(node(1000, { closed: true })),
      { used: 1000, idle: 0, open: 0, stranded: 2700 },
    ],
    [
      'an overcommitted node has nothing free',
      pool(node(5000)),
      { used: 5000, idle: 0, open: 0, stranded: 0 },
    ],
    [
      'nodes add up',
      pool(node(0), node(0), node(1000), node(3000)),
      { used: 4000, idle: 7400, open: 2700, stranded: 700 },
    ],
  ])('%s', (_sentence, given, want) => {
    expect(cpuOf(given)).toEqual(want);
  });
});

import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Node } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { type BoundBuild, NodeBoard } from './node-board.ts';
import { openRoomFor } from './open-room.ts';

const BUILD = { cpuMillicores: 1150, memoryBytes: 1700 * 2 ** 20 };

async function begin() {
  const [clock, cluster, stop] = [new FakeClock(), new FakeCluster(), new AbortController()];
  const builds: BoundBuild[] = [];
  const put = (name: string, labels: Record<string, string>): V1Node =>
    cluster.put<V1Node>(
      { resource: RESOURCE.nodes, name },
      {
        metadata: { name, labels },
        spec: { taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] },
        status: {
          allocatable: { cpu: '3920m', memory: '6018Mi', pods: '110' },
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      },
    );
  put('n1', { pool: 'ci' });
  put('n2', { pool: 'ci' });
  put('other', {});
  const board = new NodeBoard(
    { clock, cluster, log: silentLogger },
    {
      poolLabel: 'pool',
      builds: () => builds,
      typical: () => BUILD,
      overhead: () => ({ cpuMillicores: 300, memoryBytes: 0, pods: 2 }),
    },
  );
  const running = board.run(stop.signal);
  await clock.step(0);
  const end = async () => {
    stop.abort();
    await running;
  };
  const ci = () => board.read().get('ci') ?? [];
  return { clock, cluster, builds, board, ci, put, end };
}

describe('the board of nodes', () => {
  it('groups nodes by pool, with their room beside DaemonSets and builds', async () => {
    const { board, builds, ci, end } = await begin();
    builds.push({ node: 'n1', request: BUILD }, { node: '', request: BUILD });
    expect([...board.read().keys()]).toEqual(['ci', 'default']);
    expect(ci()).toMatchObject([
      {
        name: 'n1',
        builds: 1,
        room: 2,
        ready: true,
        taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }],
      },
      { name: 'n2', builds: 0, room: 3 },
    ]);
    await end();
  });

  it('knows since when a node is empty, and that another one of its name is not it', async () => {
    const { clock, cluster, builds, ci, put, end } = await begin();
    const empty = () => ci().map(({ emptySinceMs }) => emptySinceMs);
    expect(empty()).toEqual([0, 0]);
    builds.push({ node: 'n1', request: BUILD });
    expect(empty()).toEqual([undefined, 0]);
    await clock.step(5_000);
    builds.pop();
    expect(empty()).toEqual([5_000, 0]);
    cluster.drop({ resource: RESOURCE.nodes, name: 'n2' });
    await clock.step(1_000);
    put('n2', { pool: 'ci' });
    await clock.step(1_000);
    expect(empty()).toEqual([5_000, 7_000]);
    await end();
  });
});

describe('the room that stays open', () => {
  it('is a push when nothing comes, more the more comes, and what waits on top', () => {
    const quiet = { recent: 0, recentSeconds: 300, waiting: 0, tickSeconds: 10 };
    expect(openRoomFor(quiet)).toBe(5);
    expect(openRoomFor({ ...quiet, recent: 150 })).toBe(20);
    expect(openRoomFor({ ...quiet, recent: 150, waiting: 7 })).toBe(27);
  });
});

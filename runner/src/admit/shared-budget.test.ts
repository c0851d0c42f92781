import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Lease, V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LABEL } from '../pipeline/compiled.ts';
import { AdmissionQueue } from './admission-queue.ts';
import { type Load, NO_LOAD, plus } from './admit.ts';
import { lookAtNodes, type NodeBudget, type NodeWish } from './node-budget.ts';
import { loadOf } from './pod-load.ts';
import { BUDGET_LEASE, RESERVED, SharedBudget } from './shared-budget.ts';
import { aNode } from './testing/a-node.ts';

const BUDGET = { pipelines: 100, pods: 3, cpuMillicores: undefined, memoryBytes: undefined };
const ONE: Load = { pipelines: 1, pods: 1, cpuMillicores: 100, memoryBytes: 0 };
const never = new AbortController().signal;
const lease = { resource: RESOURCE.leases, namespace: 'ci', name: BUDGET_LEASE };

const podOf = (stageId: number, phase = 'Running'): V1Pod => ({
  metadata: { labels: { [LABEL.stageId]: String(stageId) } },
  spec: { containers: [] },
  status: { phase },
});

/** A replica that sees the Pods that it is shown, and knows what it has admitted itself. */
function replica(cluster: FakeCluster, clock = new FakeClock()) {
  const seen: V1Pod[] = [];
  const running = new Set<number>();
  const taken = (): Load => {
    const others = seen.filter((pod) => !running.has(Number(pod.metadata?.labels?.[LABEL.stageId])));
    return [...[...running].map(() => ONE), ...others.map(loadOf)].reduce(plus, NO_LOAD);
  };
  const shared = new SharedBudget(
    { clock, cluster, log: silentLogger, namespace: 'ci', taken, pods: () => seen },
    BUDGET,
  );
  const queue = new AdmissionQueue(taken, BUDGET, { reservations: shared });
  const waits: string[] = [];
  const enter = (stageId: number, signal = never): Promise<string> =>
    queue
      .enter(
        {
          ...{ stageId, repo: 'acme/widget', event: 'push', asks: ONE, placement: {} },
          waits: ({ text }) => void waits.push(text),
          admitted: () => void running.add(stageId),
        },
        signal,
      )
      .then(({ kind }) => kind);
  const end = (stageId: number): void => {
    running.delete(stageId);
    queue.next();
  };
  return { shared, queue, seen, running, waits, enter, end, clock };
}

const reserved = (cluster: FakeCluster): string[] =>
  Object.keys(JSON.parse(cluster.find<V1Lease>(lease)?.metadata?.annotations?.[RESERVED] ?? '{}') as object);

describe('a budget that replicas share', () => {
  it('counts what another replica has admitted before its Pod is seen', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [replica(cluster), replica(cluster)];
    expect(await Promise.all([a.enter(1), a.enter(2)])).toEqual(['admitted', 'admitted']);
    expect(await b.enter(3)).toBe('admitted');
    void b.enter(4);
    await settle();
    expect([b.running.size, b.waits]).toEqual([1, ['3 of 3 Pods are in use, and this pipeline needs 1 Pod']]);
    expect(reserved(cluster)).toEqual(['1', '2', '3']);
  });

  it('gives the last place to one of two that read the Lease at the same moment', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [replica(cluster), replica(cluster)];
    for (const stageId of [1, 2]) await a.enter(stageId);
    void a.enter(3);
    void b.enter(4);
    await settle();
    await b.clock.step(100);
    expect(cluster.count('get', 'leases')).toBe(5);
    expect([a.running.size, b.running.size]).toEqual([3, 0]);
  });

  it('counts a reservation and its Pod once, and nothing of a Pod that has ended or is gone', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [replica(cluster), replica(cluster)];
    for (const stageId of [1, 2, 3]) await a.enter(stageId);
    b.seen.push(podOf(1), podOf(2));
    void b.enter(4);
    await settle();
    expect(b.running.size).toBe(0);
    b.seen[0] = podOf(1, 'Succeeded');
    await b.clock.step(1_000);
    expect([...b.running]).toEqual([4]);
    void b.enter(5);
    await settle();
    expect([...b.running]).toEqual([4]);
    const gone = b.seen.pop();
    if (gone) b.shared.podGone(gone);
    await b.clock.step(1_000);
    expect([...b.running]).toEqual([4, 5]);
  });

  it('forgets a reservation that never became a Pod after a minute, and not before', async () => {
    const cluster = new FakeCluster();
    const [lost, b] = [replica(cluster), replica(cluster)];
    for (const stageId of [1, 2, 3]) await lost.enter(stageId);
    void b.enter(4);
    await b.clock.step(59_000);
    expect(b.running.size).toBe(0);
    await b.clock.step(2_000);
    expect([[...b.running], reserved(cluster)]).toEqual([[4], ['4']]);
  });

  it('does not count, in a process that has just started, what ended before', async () => {
    const cluster = new FakeCluster();
    const before = replica(cluster);
    for (const stageId of [1, 2, 3]) {
      await before.enter(stageId);
      before.end(stageId);
      before.shared.podGone(podOf(stageId));
    }
    await before.clock.step(5_000);
    expect(reserved(cluster)).toEqual([]);

    const after = replica(cluster);
    expect(await after.enter(4)).toBe('admitted');
  });

  it('keeps, where it removes what has ended, what is still to become a Pod', async () => {
    const cluster = new FakeCluster();
    const a = replica(cluster);
    await a.enter(1);
    await a.enter(2);
    a.shared.podGone(podOf(1));
    await a.clock.step(5_000);
    expect(reserved(cluster)).toEqual(['2']);
    const writes = cluster.count('patch', 'leases');
    a.shared.podGone(podOf(9));
    await a.clock.step(5_000);
    expect(cluster.count('patch', 'leases')).toBe(writes);
  });

  it('leaves no reservation behind for a stage that was cancelled while it was written', async () => {
    const cluster = new FakeCluster();
    const a = replica(cluster);
    const stop = new AbortController();
    const left = a.enter(1, stop.signal).catch(() => 'left');
    stop.abort(new Error('cancelled'));
    expect(await left).toBe('left');
    await settle();
    for (const stageId of [2, 3, 4]) expect(await a.enter(stageId)).toBe('admitted');
  });

  it('waits while the Lease can’t be written, and admits then', async () => {
    const cluster = new FakeCluster();
    const a = replica(cluster);
    cluster.fail('create', 'leases', refusal(403, 'Forbidden'));
    void a.enter(1);
    await settle();
    expect([a.running.size, a.waits]).toEqual([0, ['the shared budget could not be read or updated']]);
    cluster.fail('get', 'leases', noAnswer());
    await a.clock.step(2_000);
    expect(a.running.size).toBe(1);
  });

  it('is never exceeded, however calls of three replicas fall', async () => {
    const schedule = fc.array(fc.nat({ max: 12 }), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(schedule, fc.integer({ min: 1, max: 12 }), async (delays, stages) => {
        const cluster = new FakeCluster();
        const clock = new FakeClock();
        const all = [replica(cluster, clock), replica(cluster, clock), replica(cluster, clock)];
        let calls = 0;
        cluster.intercept(async () => {
          for (let turn = delays[calls++ % Math.max(1, delays.length)] ?? 0; turn > 0; turn--)
            await new Promise(setImmediate);
        });
        let most = 0;
        for (let stageId = 1; stageId <= stages; stageId++) void all[stageId % 3]?.enter(stageId);
        for (let second = 0; second < 30; second++) {
          await clock.step(1_000);
          const running = all.reduce((sum, one) => sum + one.running.size, 0);
          most = Math.max(most, running);
          // All end together, so that all replicas try to reserve at the same moment.
          const ended = all.flatMap((one) => [...one.running].map((stageId) => ({ one, stageId })));
          for (const { stageId } of ended) for (const one of all) one.shared.podGone(podOf(stageId));
          for (const { one, stageId } of ended) one.end(stageId);
        }
        expect(most).toBeLessThanOrEqual(3);
        expect(all.reduce((sum, one) => sum + one.running.size + one.queue.length, 0)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});

describe('nodes that replicas share', () => {
  const NODES = [aNode('n1', { cpu: '4' }), aNode('n2', { cpu: '4' }), aNode('n3', { cpu: '2' })];
  const ARM = { nodeSelector: { 'kubernetes.io/arch': 'arm64' } };
  const OPEN = { pipelines: 100, pods: undefined, cpuMillicores: undefined, memoryBytes: undefined };

  /** A replica that sees no Pod. */
  function onNodes(cluster: FakeCluster, nodes = NODES, clock = new FakeClock()) {
    const running = new Map<number, NodeWish>();
    const taken = (): Load => [...running.values()].map(({ asks }) => asks).reduce(plus, NO_LOAD);
    const budget: NodeBudget = {
      look: (reserved = new Map()) => {
        const pending = [...running].sort(([a], [b]) => a - b).map(([, wish]) => wish);
        return lookAtNodes({ nodes, everSeen: nodes }, { bound: [...reserved.values()], pending });
      },
    };
    const parts = {
      clock,
      cluster,
      log: silentLogger,
      namespace: 'ci',
      taken,
      pods: () => [],
      nodes: budget,
    };
    const shared = new SharedBudget(parts, OPEN);
    const queue = new AdmissionQueue(taken, OPEN, { reservations: shared, nodes: budget });
    const waits: string[] = [];
    const enter = (stageId: number, cpu: number, placement = {}): Promise<string> => {
      const asks = { ...ONE, cpuMillicores: cpu * 1_000 };
      const stage = { stageId, repo: `acme/${stageId}`, event: 'push', asks, placement };
      return queue
        .enter(
          {
            ...stage,
            waits: ({ reason }) => void waits.push(`${stageId}: ${reason}`),
            admitted: (node) => void running.set(stageId, { asks, placement, node }),
          },
          never,
        )
        .then(({ kind }) => kind);
    };
    const end = (stageId: number): void => {
      running.delete(stageId);
      queue.next();
    };
    return { shared, queue, running, waits, enter, end, clock };
  }

  const reservations = (cluster: FakeCluster): unknown =>
    JSON.parse(cluster.find<V1Lease>(lease)?.metadata?.annotations?.[RESERVED] ?? '{}');

  it('are reserved by name, so that another replica counts the room there before it sees the Pod', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [onNodes(cluster), onNodes(cluster)];
    expect([await a.enter(1, 3), await b.enter(2, 3)]).toEqual(['admitted', 'admitted']);
    expect(reservations(cluster)).toMatchObject({ 1: { node: 'n1' }, 2: { node: 'n2' } });
    void b.enter(3, 3);
    await settle();
    expect([[...b.running.keys()], b.waits]).toEqual([[2], ['3: budget-nodes']]);
    expect(await a.enter(4, 2)).toBe('admitted');
    expect(reservations(cluster)).toMatchObject({ 4: { node: 'n3' } });
  });

  it('give the last room to one of two that read the Lease at the same moment', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [onNodes(cluster), onNodes(cluster)];
    for (const stageId of [1, 2]) await a.enter(stageId, 4);
    void a.enter(3, 2);
    void b.enter(4, 2);
    await settle();
    await b.clock.step(100);
    expect([a.running.size, b.running.size]).toEqual([3, 0]);
  });

  it('are kept for a stage that waits, while another replica’s reservation is what it waits for', async () => {
    const cluster = new FakeCluster();
    const nodes = [aNode('n1'), aNode('arm-1', { labels: ARM.nodeSelector })];
    const [a, b] = [onNodes(cluster, nodes), onNodes(cluster, nodes)];
    expect([await a.enter(1, 3), await a.enter(2, 3)]).toEqual(['admitted', 'admitted']);
    void b.enter(3, 4, ARM);
    void b.enter(4, 1, ARM);
    await settle();
    expect([b.running.size, b.waits]).toEqual([0, ['3: budget-nodes', '4: queue']]);
  });

  it('are not taken while the Lease can’t be written', async () => {
    const cluster = new FakeCluster();
    const a = onNodes(cluster);
    cluster.fail('create', 'leases', refusal(403, 'Forbidden'));
    void a.enter(1, 1);
    await settle();
    expect([a.running.size, a.waits]).toEqual([0, ['1: budget-nodes']]);
    await a.clock.step(2_000);
    expect(a.running.size).toBe(1);
  });

  it('hold all that three replicas admit, however their calls fall', async () => {
    const schedule = fc.array(fc.nat({ max: 12 }), { maxLength: 80 });
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(schedule, sizes, async (delays, stages) => {
        const cluster = new FakeCluster();
        const clock = new FakeClock();
        const all = [0, 1, 2].map(() => onNodes(cluster, NODES, clock));
        let calls = 0;
        cluster.intercept(async () => {
          for (let turn = delays[calls++ % Math.max(1, delays.length)] ?? 0; turn > 0; turn--)
            await new Promise(setImmediate);
        });
        for (const [index, cpu] of stages.entries()) void all[index % 3]?.enter(index + 1, cpu);
        for (let second = 0; second < 30; second++) {
          await clock.step(1_000);
          const running = all.flatMap((one) => [...one.running]);
          expect(
            packs(
              [4_000, 4_000, 2_000],
              running.map(([, { asks }]) => asks.cpuMillicores),
            ),
          ).toBe(true);
          const ended = all.flatMap((one) => [...one.running.keys()].map((stageId) => ({ one, stageId })));
          for (const { stageId } of ended) for (const one of all) one.shared.podGone(podOf(stageId));
          for (const { one, stageId } of ended) one.end(stageId);
        }
        expect(all.reduce((sum, one) => sum + one.running.size + one.queue.length, 0)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});

/** Whether there is any way to place all of them. */
function packs(rooms: readonly number[], [first, ...rest]: readonly number[]): boolean {
  if (first === undefined) return true;
  return rooms.some((room, index) => room >= first && packs(rooms.with(index, room - first), rest));
}

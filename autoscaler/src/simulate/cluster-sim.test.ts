import { describe, expect, it } from 'vitest';
import type { Job } from '../capacity/job.ts';
import { GIB } from '../capacity/shape.ts';
import { ClusterSim } from './cluster-sim.ts';
import { seededRandom } from './random.ts';

const job = (arrivedAt: number, durationSeconds: number, cpuMillicores = 1000): Job => ({
  arrivedAt,
  durationSeconds,
  request: { cpuMillicores, memoryBytes: GIB },
});

function aClusterSim(coldSeconds = 0) {
  const bound: { from: number; at: number; cold: boolean }[] = [];
  const sim = new ClusterSim({
    node: { allocatable: { cpuMillicores: 2000, memoryBytes: 8 * GIB, pods: 110 } },
    bootSeconds: 60,
    coldSeconds,
    strategy: 'least',
    random: seededRandom(1),
    onBind: ({ arrivedAt }, at, cold) => bound.push({ from: arrivedAt, at, cold }),
  });
  return { sim, bound };
}

describe('ClusterSim', () => {
  it('binds waiting jobs as soon as a node is ready, oldest first, and the rest when room becomes free', () => {
    const { sim, bound } = aClusterSim();
    sim.order(1);
    for (const at of [0, 1, 2]) {
      sim.finishUntil(at);
      sim.arrive(job(at, 100));
    }
    sim.finishUntil(1000);

    expect(bound).toEqual([
      { from: 0, at: 60, cold: true },
      { from: 1, at: 60, cold: false },
      { from: 2, at: 160, cold: false },
    ]);
    expect(sim.running).toHaveLength(0);
  });

  it('lets a small job overtake a large one that finds no room, but not one of its own size', () => {
    const { sim, bound } = aClusterSim();
    sim.order(1, 0);
    sim.finishUntil(0);
    sim.arrive(job(0, 500, 1000));
    sim.arrive(job(1, 10, 2000));
    sim.arrive(job(2, 10, 1000));
    sim.arrive(job(3, 10, 2000));
    sim.finishUntil(600);

    expect(bound.map(({ from }) => from)).toEqual([0, 2, 1, 3]);
    expect(sim.line.total).toBe(0);
  });

  it('removes only empty nodes', () => {
    const { sim } = aClusterSim();
    sim.order(2, 0);
    sim.finishUntil(0);
    sim.arrive(job(0, 10));
    const [busy, empty] = [...sim.nodes].sort((one, other) => other.pods - one.pods);
    if (busy === undefined || empty === undefined) throw new Error('two nodes expected');

    expect([sim.remove(busy), sim.remove(empty), sim.remove(empty)]).toEqual([false, true, false]);
    sim.finishUntil(20);
    expect(sim.remove(busy)).toBe(true);
    expect(sim.nodes).toHaveLength(0);
  });

  it('never boots a node that was removed while it booted', () => {
    const { sim } = aClusterSim();
    sim.order(1);
    const [node] = sim.nodes;
    if (node === undefined) throw new Error('a node expected');
    sim.remove(node);
    sim.arrive(job(0, 10));
    sim.finishUntil(1000);

    expect(sim.line.total).toBe(1);
  });

  it('uses a node with a soft taint only when no other has room', () => {
    const { sim } = aClusterSim();
    sim.order(2, 0);
    sim.finishUntil(0);
    const [first, second] = sim.nodes;
    if (first === undefined || second === undefined) throw new Error('two nodes expected');
    sim.setSoftTaint(first, true);
    for (let count = 0; count < 3; count += 1) sim.arrive(job(0, 10));

    expect([first.pods, second.pods]).toEqual([1, 2]);
  });

  it('makes builds run longer while a node has no images', () => {
    const { sim } = aClusterSim(30);
    sim.order(1, 0);
    sim.finishUntil(0);
    sim.arrive(job(0, 10));
    sim.finishUntil(39);
    expect(sim.running).toHaveLength(1);
    sim.finishUntil(40);
    sim.arrive(job(40, 10));
    sim.finishUntil(50);

    expect(sim.takeFinished().map(({ seconds }) => seconds)).toEqual([40, 10]);
    expect(sim.takeFinished()).toEqual([]);
  });

  it('reports what can never fit', () => {
    const { sim } = aClusterSim();

    expect([sim.canFit(job(0, 1, 2000)), sim.canFit(job(0, 1, 2001))]).toEqual([true, false]);
  });
});

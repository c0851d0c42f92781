import { describe, expect, it } from 'vitest';
import type { Job } from '../capacity/job.ts';
import { GIB } from '../capacity/shape.ts';
import { seededRandom } from './random.ts';
import { World } from './world.ts';

const job = (arrivedAt: number, durationSeconds: number, cpuMillicores = 1000): Job => ({
  arrivedAt,
  durationSeconds,
  request: { cpuMillicores, memoryBytes: GIB },
});

function aWorld(coldSeconds = 0) {
  const bound: { from: number; at: number; cold: boolean }[] = [];
  const world = new World({
    node: { allocatable: { cpuMillicores: 2000, memoryBytes: 8 * GIB, pods: 110 } },
    bootSeconds: 60,
    coldSeconds,
    strategy: 'least',
    random: seededRandom(1),
    onBind: ({ arrivedAt }, at, cold) => bound.push({ from: arrivedAt, at, cold }),
  });
  return { world, bound };
}

describe('World', () => {
  it('binds what waits as soon as a node is ready, oldest first, and the rest when room comes free', () => {
    const { world, bound } = aWorld();
    world.order(1);
    for (const at of [0, 1, 2]) {
      world.finishUntil(at);
      world.arrive(job(at, 100));
    }
    world.finishUntil(1000);

    expect(bound).toEqual([
      { from: 0, at: 60, cold: true },
      { from: 1, at: 60, cold: false },
      { from: 2, at: 160, cold: false },
    ]);
    expect(world.running).toHaveLength(0);
  });

  it('lets a small job pass a large one that finds no room, but not one of its own size', () => {
    const { world, bound } = aWorld();
    world.order(1, 0);
    world.finishUntil(0);
    world.arrive(job(0, 500, 1000));
    world.arrive(job(1, 10, 2000));
    world.arrive(job(2, 10, 1000));
    world.arrive(job(3, 10, 2000));
    world.finishUntil(600);

    expect(bound.map(({ from }) => from)).toEqual([0, 2, 1, 3]);
    expect(world.line.total).toBe(0);
  });

  it('takes only empty nodes away', () => {
    const { world } = aWorld();
    world.order(2, 0);
    world.finishUntil(0);
    world.arrive(job(0, 10));
    const [busy, empty] = [...world.nodes].sort((one, other) => other.pods - one.pods);
    if (busy === undefined || empty === undefined) throw new Error('two nodes expected');

    expect([world.remove(busy), world.remove(empty), world.remove(empty)]).toEqual([false, true, false]);
    world.finishUntil(20);
    expect(world.remove(busy)).toBe(true);
    expect(world.nodes).toHaveLength(0);
  });

  it('never boots a node that was taken away while it booted', () => {
    const { world } = aWorld();
    world.order(1);
    const [node] = world.nodes;
    if (node === undefined) throw new Error('a node expected');
    world.remove(node);
    world.arrive(job(0, 10));
    world.finishUntil(1000);

    expect(world.line.total).toBe(1);
  });

  it('sends builds to a softly closed node only when no other has room', () => {
    const { world } = aWorld();
    world.order(2, 0);
    world.finishUntil(0);
    const [first, second] = world.nodes;
    if (first === undefined || second === undefined) throw new Error('two nodes expected');
    world.setSoftTaint(first, true);
    for (let count = 0; count < 3; count += 1) world.arrive(job(0, 10));

    expect([first.pods, second.pods]).toEqual([1, 2]);
  });

  it('makes builds longer while a node has no images', () => {
    const { world } = aWorld(30);
    world.order(1, 0);
    world.finishUntil(0);
    world.arrive(job(0, 10));
    world.finishUntil(39);
    expect(world.running).toHaveLength(1);
    world.finishUntil(40);
    world.arrive(job(40, 10));
    world.finishUntil(50);

    expect(world.takeFinishedSeconds()).toEqual([40, 10]);
    expect(world.takeFinishedSeconds()).toEqual([]);
  });

  it('says what can never fit', () => {
    const { world } = aWorld();

    expect([world.canFit(job(0, 1, 2000)), world.canFit(job(0, 1, 2001))]).toEqual([true, false]);
  });
});

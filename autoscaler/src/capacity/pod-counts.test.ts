import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onePod } from '../testing/many-pods.ts';
import { nodeBuilds, podCountsOf, podNamespaces } from './pod-counts.ts';
import type { PodFact } from './read-pod.ts';

const LARGE = { cpuMillicores: 2000, memoryBytes: 1 };
const SMALL = { cpuMillicores: 500, memoryBytes: 1 };

const anyPod = fc
  .record({
    state: fc.constantFrom<PodFact['state']>('held', 'pending', 'bound', 'ended'),
    namespace: fc.constantFrom('ci', 'other'),
    request: fc.constantFrom(LARGE, SMALL),
    boundMs: fc.constantFrom(undefined, 5_000, 9_000),
  })
  .map((change) => (nth: number) => onePod(`p${nth}`, change));
const anyPods = fc.array(anyPod).map((made) => made.map((make, nth) => make(nth)));

describe('a crowd of Pods', () => {
  it('counts those on nodes by namespace and request, and keeps those without one as they are', () => {
    const waits = onePod('waits', { state: 'pending' });
    const held = onePod('held', { state: 'held' });
    const podCounts = podCountsOf([
      ...[onePod('a', { request: LARGE }), onePod('b', { request: LARGE }), waits, held],
      ...[onePod('c', { request: SMALL }), onePod('d', { request: SMALL, namespace: 'other' })],
    ]);

    expect(podCounts.waiting).toEqual([waits, held]);
    expect(podCounts.running).toEqual([
      { namespace: 'ci', request: LARGE, count: 2 },
      { namespace: 'ci', request: SMALL, count: 1 },
      { namespace: 'other', request: SMALL, count: 1 },
    ]);
  });

  it('knows which of the Pods that were asked for are here: one that ended is not', () => {
    const pods = [onePod('a'), onePod('b', { state: 'ended' }), onePod('c', { state: 'held' }), onePod('d')];

    expect([...podCountsOf(pods, new Set(['a', 'b', 'c', 'x'])).seen]).toEqual(['a', 'c']);
    expect(podCountsOf(pods).seen.size).toBe(0);
  });

  it('loses no Pod and counts none twice', () => {
    fc.assert(
      fc.property(anyPods, (pods) => {
        const podCounts = podCountsOf(pods);
        const living = pods.filter(({ state }) => state !== 'ended');
        const bound = living.filter(({ state }) => state === 'bound');
        const sum = podCounts.running.reduce((all, { count }) => all + count, 0);
        expect([podCounts.waiting.length + sum, sum]).toEqual([living.length, bound.length]);
        expect(nodeBuilds(pods).map(({ startedAt }) => startedAt)).toEqual(
          bound.flatMap(({ boundMs }) => (boundMs === undefined ? [] : boundMs / 1000)),
        );
        expect(podNamespaces(podCounts)).toEqual(new Set(living.map(({ namespace }) => namespace)));
      }),
    );
  });
});

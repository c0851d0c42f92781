import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crowdPod } from '../testing/crowd.ts';
import { crowdOf, namespacesOf } from './pod-crowd.ts';
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
  .map((change) => (nth: number) => crowdPod(`p${nth}`, change));
const anyPods = fc.array(anyPod).map((made) => made.map((make, nth) => make(nth)));

describe('a crowd of Pods', () => {
  it('counts those on nodes by namespace and request, and keeps those without one as they are', () => {
    const waits = crowdPod('waits', { state: 'pending' });
    const held = crowdPod('held', { state: 'held' });
    const crowd = crowdOf([
      ...[crowdPod('a', { request: LARGE }), crowdPod('b', { request: LARGE }), waits, held],
      ...[crowdPod('c', { request: SMALL }), crowdPod('d', { request: SMALL, namespace: 'other' })],
    ]);

    expect(crowd.waiting).toEqual([waits, held]);
    expect(crowd.running).toEqual([
      { namespace: 'ci', request: LARGE, count: 2 },
      { namespace: 'ci', request: SMALL, count: 1 },
      { namespace: 'other', request: SMALL, count: 1 },
    ]);
  });

  it('knows which of the Pods that were asked for are here: one that ended is not', () => {
    const pods = [
      crowdPod('a'),
      crowdPod('b', { state: 'ended' }),
      crowdPod('c', { state: 'held' }),
      crowdPod('d'),
    ];

    expect([...crowdOf(pods, new Set(['a', 'b', 'c', 'x'])).seen]).toEqual(['a', 'c']);
    expect(crowdOf(pods).seen.size).toBe(0);
  });

  it('loses no Pod and counts none twice', () => {
    fc.assert(
      fc.property(anyPods, (pods) => {
        const crowd = crowdOf(pods);
        const living = pods.filter(({ state }) => state !== 'ended');
        const bound = living.filter(({ state }) => state === 'bound');
        const sum = crowd.running.reduce((all, { count }) => all + count, 0);
        expect([crowd.waiting.length + sum, sum]).toEqual([living.length, bound.length]);
        expect([...crowd.boundAtSeconds]).toEqual(
          bound.flatMap(({ boundMs }) => (boundMs === undefined ? [] : boundMs / 1000)),
        );
        expect(namespacesOf(crowd)).toEqual(new Set(living.map(({ namespace }) => namespace)));
      }),
    );
  });
});

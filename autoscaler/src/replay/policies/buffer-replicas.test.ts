import { describe, expect, it } from 'vitest';
import type { PolicyView } from '../policy.ts';
import { quietView } from '../testing/a-view.ts';
import { bufferReplicas } from './buffer-replicas.ts';

describe('bufferReplicas', () => {
  it('queries the rule at its own interval, and passes all that happened in between', () => {
    const seen: PolicyView[] = [];
    const rule = { name: 'r', bufferPods: (one: PolicyView) => seen.push(one) };
    const replicas = bufferReplicas(rule, 10);
    for (const at of [0, 5, 9, 10])
      replicas.bufferPods(
        quietView(at, { arrivals: [at], finished: [{ name: '', seconds: at * 2 }], waits: [at * 3] }),
      );

    expect(seen.map(({ nowSeconds }) => nowSeconds)).toEqual([0, 10]);
    expect(seen[1]).toMatchObject({
      arrivals: [5, 9, 10],
      finished: [10, 18, 20].map((seconds) => ({ name: '', seconds })),
      waits: [15, 27, 30],
    });
  });

  it.each([
    { title: 'rises at once', wanted: [3, 8.2], keep: 0, want: [3, 9] },
    { title: 'falls no lower than what is worth keeping', wanted: [9, 2], keep: 6, want: [9, 6] },
    {
      title: 'does not grow only because more would be worth keeping',
      wanted: [3, 2],
      keep: 6,
      want: [3, 3],
    },
    { title: 'falls when nothing is worth keeping', wanted: [9, 2], keep: 0, want: [9, 2] },
  ])('$title', ({ wanted, keep, want }) => {
    let asked = 0;
    const rule = { name: 'r', bufferPods: () => wanted[asked++] ?? 0, keepPods: () => keep };
    const replicas = bufferReplicas(rule, 10);

    expect([0, 10].map((at) => replicas.bufferPods(quietView(at)))).toEqual(want);
  });

  it('counts room that is free anyway up to what is worth keeping', () => {
    const node = {
      id: 1,
      orderedAt: 0,
      state: 'ready',
      slot: 0,
      pods: 0,
      emptySince: 0,
      firstBindAt: undefined,
      softTainted: false,
    } as const;
    const rule = { name: 'r', bufferPods: () => 1, keepPods: () => 5 };

    expect(bufferReplicas(rule, 10).bufferPods(quietView(0, { nodes: [node], roomOn: () => 4 }))).toBe(4);
    expect(bufferReplicas(rule, 10).bufferPods(quietView(0, { nodes: [node], roomOn: () => 9 }))).toBe(5);
    expect(
      bufferReplicas(rule, 10).bufferPods(quietView(0, { nodes: [node], roomOn: () => 9, waitingTotal: 6 })),
    ).toBe(3);
  });
});

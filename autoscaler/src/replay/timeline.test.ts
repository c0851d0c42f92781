import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demandChanges, timelineOf, type ValueChange } from './timeline.ts';

const spans = { from: 0, to: 40, count: 4 };

describe('timelineOf', () => {
  it.each([
    {
      title: 'a value is valid until the next change',
      changes: [
        [0, 2],
        [25, 5],
      ],
      want: [2, 2, 5, 5],
    },
    {
      title: 'the largest value of a span counts, however short',
      changes: [
        [0, 1],
        [12, 9],
        [13, 1],
      ],
      want: [1, 9, 1, 1],
    },
    {
      title: 'the value before the start is shown at the start',
      changes: [
        [-50, 3],
        [30, 0],
      ],
      want: [3, 3, 3, 0],
    },
    { title: 'without changes all values are 0', changes: [], want: [0, 0, 0, 0] },
    { title: 'a later change is not shown', changes: [[40, 7]], want: [0, 0, 0, 0] },
  ] as const)('$title', ({ changes, want }) => {
    expect(timelineOf('x', changes as readonly ValueChange[], spans).values).toEqual(want);
  });

  it('shows no value above the actual maximum', () => {
    const change = fc.tuple(fc.integer({ min: -20, max: 60 }), fc.nat(9));
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const sorted = changes.toSorted(([one], [other]) => one - other);
        const { values } = timelineOf('x', sorted, spans);

        expect(Math.max(0, ...values)).toBeLessThanOrEqual(Math.max(0, ...sorted.map(([, value]) => value)));
      }),
    );
  });
});

describe('demandChanges', () => {
  it('counts the jobs that would run if none waited', () => {
    const request = { cpuMillicores: 1, memoryBytes: 1 };
    const jobs = [
      { arrivedAt: 0, durationSeconds: 10, request },
      { arrivedAt: 5, durationSeconds: 10, request },
    ];

    expect(demandChanges(jobs)).toEqual([
      [0, 1],
      [5, 2],
      [10, 1],
      [15, 0],
    ]);
  });
});

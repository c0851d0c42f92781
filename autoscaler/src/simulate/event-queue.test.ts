import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue } from './event-queue.ts';

describe('EventQueue', () => {
  it('returns events by time, and those of the same time in insertion order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (times) => {
        const queue = new EventQueue<number>();
        times.forEach((at, order) => queue.push(at, order));

        const got = times.map(() => queue.pop());

        const want = times
          .map((at, order) => ({ at, order }))
          .sort((one, other) => one.at - other.at || one.order - other.order);
        expect(got).toEqual(want.map(({ order }) => order));
        expect([queue.pop(), queue.nextAt, queue.size]).toEqual([undefined, Infinity, 0]);
      }),
    );
  });
});

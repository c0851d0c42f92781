import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CounterBook } from './counter-book.ts';

const reading = (target: string, value: number, startedAtSeconds?: number) => ({
  target,
  startedAtSeconds,
  counters: new Map([['builds', value]]),
});
const only = (increases: ReadonlyMap<string, number>) => increases.get('builds');

describe('increases of counters', () => {
  it('sums what replicas counted since the previous round', () => {
    const book = new CounterBook();
    expect(only(book.take(0, [reading('a', 100), reading('b', 7)]))).toBe(0);
    expect(only(book.take(10, [reading('a', 103), reading('b', 9)]))).toBe(5);
  });

  it('starts anew with a new process, even if its count is already higher', () => {
    const book = new CounterBook();
    book.take(100, [reading('a', 5, 50)]);
    expect(only(book.take(110, [reading('a', 8, 105)]))).toBe(8);
  });

  it('treats a decrease as a restart where no start time is reported', () => {
    const book = new CounterBook();
    book.take(0, [reading('a', 50)]);
    expect(only(book.take(10, [reading('a', 2)]))).toBe(2);
  });

  it('loses nothing over a missing round, and counts nothing twice', () => {
    const book = new CounterBook();
    book.take(0, [reading('a', 50, 0)]);
    expect(only(book.take(10, []))).toBeUndefined();
    expect(only(book.take(20, [reading('a', 54, 0)]))).toBe(4);
  });

  it('counts a new replica from its first round, or in full if its process is new', () => {
    const book = new CounterBook();
    book.take(100, []);
    expect(only(book.take(110, [reading('old', 1000, 20)]))).toBe(0);
    expect(only(book.take(120, [reading('young', 3, 115), reading('old', 1000, 20)]))).toBe(3);
  });

  it('forgets targets that are gone', () => {
    const book = new CounterBook();
    for (let round = 0; round < 1_000; round += 1) book.take(round, [reading(`pod-${round}`, 1, round)]);
    expect(book.size).toBeLessThan(400);
  });

  it('equals the actual events, whatever the restarts', () => {
    const steps = fc.array(fc.record({ grow: fc.nat(50), restart: fc.boolean() }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (rounds) => {
        const book = new CounterBook();
        book.take(0, [reading('a', 0, 0)]);
        let [value, start, happened, counted] = [0, 0, 0, 0];
        for (const [nth, { grow, restart }] of rounds.entries()) {
          const at = (nth + 1) * 10;
          if (restart) [value, start] = [0, at - 5];
          value += grow;
          happened += grow;
          counted += only(book.take(at, [reading('a', value, start)])) ?? 0;
        }
        expect(counted).toBe(happened);
      }),
    );
  });
});

import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ReadingTurns, TURN_BYTES } from './reading-turns.ts';

describe('ReadingTurns', () => {
  it('lets little be read at once, and again in the next turn', async () => {
    const turns = new ReadingTurns();
    expect([turns.take(1), turns.take(TURN_BYTES - 1)]).toEqual([undefined, undefined]);
    await setImmediate();
    await setImmediate();
    expect(turns.take(TURN_BYTES)).toBeUndefined();
  });

  it('lets a hundred logs read no more in one turn than one, in the order in which they came', async () => {
    const turns = new ReadingTurns();
    const order: number[] = [];
    const bytesByTurn: number[] = [];
    let turn = 0;
    const readers = Array.from({ length: 100 }, async (_, reader) => {
      await turns.take(TURN_BYTES / 2);
      order.push(reader);
      bytesByTurn[turn] = (bytesByTurn[turn] ?? 0) + TURN_BYTES / 2;
    });
    const all = Promise.all(readers).then(() => 'read');
    while ((await Promise.race([all, setImmediate('more')])) === 'more') turn++;

    expect(order).toEqual(Array.from({ length: 100 }, (_, reader) => reader));
    expect(Math.max(...bytesByTurn.filter((bytes) => bytes > 0))).toBeLessThanOrEqual(TURN_BYTES);
  });
});

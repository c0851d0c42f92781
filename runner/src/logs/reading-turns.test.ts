import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ReadingTurns, TURN_BYTES } from './reading-turns.ts';

describe('ReadingTurns', () => {
  it('allows a limited number of bytes at once, and again in the next turn', async () => {
    const turns = new ReadingTurns();
    expect([turns.take(1), turns.take(TURN_BYTES - 1)]).toEqual([undefined, undefined]);
    await setImmediate();
    await setImmediate();
    expect(turns.take(TURN_BYTES)).toBeUndefined();
  });

  it('allows a hundred logs no more in one turn than one log, in the order of their requests', async () => {
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

import { describe, expect, it } from 'vitest';
import { FairTurns } from './fair-turns.ts';

/** Work that is named after its owner and ends when told; names of those that have begun, in order. */
function scene(atOnce: number) {
  const turns = new FairTurns(atOnce);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (name: string): Promise<string> =>
    turns.take(name.charAt(0), async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { turns, begun, take, end };
}

describe('fair turns', () => {
  it('alternate between owners, however much work one of them has', async () => {
    const { begun, take, end } = scene(1);
    const all = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map(take);
    await end('');
    for (const name of ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']) await end(name);
    expect(begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    expect(await Promise.all(all)).toHaveLength(6);
  });

  it('run one piece of work of an owner at once, and as many in all as is allowed', async () => {
    const { begun, take, end } = scene(2);
    const all = ['a1', 'a2', 'b1', 'c1'].map(take);
    await end('');
    expect(begun).toEqual(['a1', 'b1']);
    await end('b1');
    expect(begun).toEqual(['a1', 'b1', 'c1']);
    for (const name of ['c1', 'a1', 'a2']) await end(name);
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'b1', 'c1']);
  });

  it('go on after work that fails', async () => {
    const { turns } = scene(1);
    const failing = turns.take('a', () => Promise.reject(new Error('failed')));
    const next = turns.take('a', () => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('failed');
    expect(await next).toBe('done');
  });
});

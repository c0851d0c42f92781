import { describe, expect, it } from 'vitest';
import { BoundedMap, BoundedSet } from './bounded.ts';

describe('BoundedMap', () => {
  it('keeps entries up to its limit and then removes only the entry that was set first', () => {
    const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2);
    expect([...map]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    map.set('c', 3);
    expect([...map]).toEqual([
      ['b', 2],
      ['c', 3],
    ]);
  });

  it('treats a key that is set again as newest; reading with get does not change its age', () => {
    const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2);
    map.set('a', 3);
    expect(map.get('b')).toBe(2);
    map.set('c', 4);
    expect([...map]).toEqual([
      ['a', 3],
      ['c', 4],
    ]);
  });

  it('removes the least recently recalled entry', () => {
    const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2);
    map.recall('a');
    map.set('c', 3);
    expect(['a', 'b', 'c'].map((key) => map.recall(key))).toEqual([1, undefined, 3]);
    expect(map.size).toBe(2);
  });

  it('removes an undefined key like any other', () => {
    const map = new BoundedMap<string | undefined, number>(1).set(undefined, 1).set('a', 2);
    expect([...map]).toEqual([['a', 2]]);
  });
});

describe('BoundedSet', () => {
  it('reports a value added twice, and removes only the oldest beyond its limit', () => {
    const set = new BoundedSet<number>(2).add(1).add(2).add(2);
    expect([...set]).toEqual([1, 2]);
    expect([...set.add(3)]).toEqual([2, 3]);
  });

  it('reports whether it contains a value', () => {
    const seen = new BoundedSet<number>(2);
    expect([1, 2, 2, 3].map((id) => seen.addNew(id))).toEqual([true, true, false, true]);
    expect(seen.addNew(2)).toBe(false);
    expect(seen.addNew(1)).toBe(true);
  });

  it('treats a value that is added again as newest', () => {
    const set = new BoundedSet<number>(2).add(1).add(2).add(1).add(3);
    expect([...set]).toEqual([1, 3]);
  });
});

import { describe, expect, it } from 'vitest';
import { merged } from './merge-patch.ts';

describe('merged', () => {
  it.each<[string, unknown, unknown, unknown]>([
    ['sets and keeps', { a: 1, b: 1 }, { b: 2, c: 3 }, { a: 1, b: 2, c: 3 }],
    ['removes by null', { a: 1, b: 1 }, { b: null }, { a: 1 }],
    ['goes into objects', { a: { b: 1, c: 1 } }, { a: { b: 2 } }, { a: { b: 2, c: 1 } }],
    ['replaces lists whole', { a: [{ name: 'x' }] }, { a: [{ name: 'y' }] }, { a: [{ name: 'y' }] }],
    ['puts an object in the place of anything else', { a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }],
    ['takes what is undefined for unsaid', { a: 1 }, { a: undefined }, { a: 1 }],
  ])('%s', (_, value, patch, want) => {
    expect(merged(value, patch)).toEqual(want);
  });

  it('merges lists of named things by name where asked', () => {
    const containers = [
      { name: 'a', image: '1' },
      { name: 'b', image: '1' },
    ];
    const patch = [
      { name: 'b', image: '2' },
      { name: 'c', image: '3' },
    ];
    expect(merged({ containers }, { containers: patch }, true)).toEqual({
      containers: [
        { name: 'a', image: '1' },
        { name: 'b', image: '2' },
        { name: 'c', image: '3' },
      ],
    });
  });
});

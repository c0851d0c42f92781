import { describe, expect, it } from 'vitest';
import type { JsonRecord } from '../json.ts';
import { mergePatch, strategicMergePatch } from './merge-patch.ts';

describe('mergePatch', () => {
  it.each<[string, JsonRecord, JsonRecord, JsonRecord]>([
    ['sets and keeps', { a: 1, b: 1 }, { b: 2, c: 3 }, { a: 1, b: 2, c: 3 }],
    ['removes by null', { a: 1, b: 1 }, { b: null }, { a: 1 }],
    ['merges objects recursively', { a: { b: 1, c: 1 } }, { a: { b: 2 } }, { a: { b: 2, c: 1 } }],
    ['replaces lists whole', { a: [{ name: 'x' }] }, { a: [{ name: 'y' }] }, { a: [{ name: 'y' }] }],
    ['puts an object in the place of anything else', { a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }],
    ['ignores undefined', { a: 1 }, { a: undefined }, { a: 1 }],
  ])('%s', (_, value, patch, want) => {
    expect(mergePatch(value, patch)).toEqual(want);
  });
});

describe('strategicMergePatch', () => {
  it('merges lists of named objects by name, for the lists that Kubernetes merges', () => {
    const containers = [
      { name: 'a', image: '1' },
      { name: 'b', image: '1' },
    ];
    const patch = [
      { name: 'b', image: '2' },
      { name: 'c', image: '3' },
    ];
    expect(strategicMergePatch({ containers }, { containers: patch })).toEqual({
      containers: [
        { name: 'a', image: '1' },
        { name: 'b', image: '2' },
        { name: 'c', image: '3' },
      ],
    });
  });

  it('replaces lists without a merge key', () => {
    const tolerations = [{ key: 'a' }, { key: 'b' }];
    expect(strategicMergePatch({ tolerations }, { tolerations: [{ key: 'b' }] })).toEqual({
      tolerations: [{ key: 'b' }],
    });
  });

  it.each<[string, JsonRecord, JsonRecord, JsonRecord]>([
    ['sets and keeps', { a: 1, b: 1 }, { b: 2 }, { a: 1, b: 2 }],
    ['removes by null', { a: 1, b: 1 }, { b: null }, { a: 1 }],
    ['ignores undefined', { a: 1 }, { a: undefined }, { a: 1 }],
    [
      'removes an item of a list by its directive',
      { env: [{ name: 'A' }, { name: 'B' }] },
      { env: [{ $patch: 'delete', name: 'A' }] },
      { env: [{ name: 'B' }] },
    ],
    ['replaces by its directive', { a: { b: 1 } }, { a: { $patch: 'replace', c: 2 } }, { a: { c: 2 } }],
    ['joins finalizers', { finalizers: ['a'] }, { finalizers: ['b'] }, { finalizers: ['a', 'b'] }],
  ])('%s', (_, value, patch, want) => {
    expect(strategicMergePatch(value, patch)).toEqual(want);
  });
});

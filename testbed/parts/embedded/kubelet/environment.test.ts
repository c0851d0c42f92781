import { describe, expect, it } from 'vitest';
import { expand } from './environment.ts';

describe('expand', () => {
  it.each([
    ['$(A) and $(B)', '1 and 2'],
    ['$(C)', '$(C)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$A ${A} $', '$A ${A} $'],
  ])('reads %s as the kubelet does', (text, want) => {
    expect(expand(text, { A: '1', B: '2' })).toBe(want);
  });
});

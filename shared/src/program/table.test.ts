import { describe, expect, it } from 'vitest';
import { left, right, tableLines } from './table.ts';

describe('a table', () => {
  it('has columns as wide as their widest cell, and no trailing spaces', () => {
    const rows = [
      ['small', '7', 'x'],
      ['much longer', '100', ''],
    ];
    expect(tableLines([left('name'), right('n'), left('note')], rows)).toEqual([
      'name           n  note',
      'small          7  x',
      'much longer  100',
    ]);
  });

  it('has only rows without titles', () => {
    expect(tableLines([], [['a', 'b'], ['ccc']])).toEqual(['a    b', 'ccc']);
    expect(tableLines([], [])).toEqual([]);
  });

  it('measures characters, without colour escapes', () => {
    const rows = [
      [{ text: '✓✓', style: 'green' as const }, 'a'],
      ['abc', 'b'],
    ];
    expect(tableLines([left('s'), left('t')], rows, { isColoured: true, head: 'bold' })).toEqual([
      '\u001b[1ms  \u001b[22m\u001b[1m  t\u001b[22m',
      '\u001b[32m✓✓ \u001b[39m  a',
      'abc  b',
    ]);
    expect(tableLines([], rows)).toEqual(['✓✓   a', 'abc  b']);
  });

  it('cuts lines that are wider than the screen', () => {
    expect(tableLines([], [['abc', 'defghi']], { width: 8 })).toEqual(['abc  de…']);
    expect(tableLines([], [['abc', 'def']], { width: 8 })).toEqual(['abc  def']);
  });
});

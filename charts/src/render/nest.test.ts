import { describe, expect, it } from 'vitest';
import { stringValue } from '../values/chart-value.ts';
import { nest } from './nest.ts';
import { renderValues } from './values-yaml.ts';

const value = (path: string) => stringValue(path, 'x', `About ${path}.`);

describe('nest', () => {
  it('keeps the order and groups values by parent', () => {
    expect(
      renderValues([value('b.y'), value('a'), value('b.x.z')])
        .split('\n')
        .slice(1, -1),
    ).toEqual([
      'b:',
      '  # About b.y.',
      '  y: x',
      '  x:',
      '    # About b.x.z.',
      '    z: x',
      '# About a.',
      'a: x',
    ]);
  });

  it.each([
    ['a value that is a parent too', ['a', 'a.b']],
    ['the same path twice', ['a.b', 'a.b']],
  ])('rejects %s', (_, paths) => {
    expect(() => nest(paths.map(value))).toThrow(/is a value and a parent, or appears twice/);
  });
});

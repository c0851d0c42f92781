import { describe, expect, it } from 'vitest';
import { cpu, figure, memory, percent, quantity, shapeTitle, span, waitBeside } from './format.js';

describe('texts of the page', () => {
  it.each([
    [0, '0 s'],
    [59.4, '59 s'],
    [60, '1 min'],
    [200, '3 min 20 s'],
    [3_600, '1 h'],
    [7_500, '2 h 5 min'],
    [7_199, '2 h'],
    [-5, '0 s'],
  ])('%d s are %s', (seconds, want) => {
    expect(span(seconds)).toBe(want);
  });

  it('an unknown number is a dash, never zero', () => {
    expect([figure(undefined), figure(null), figure(0), figure(1234.567)]).toEqual([
      '–',
      '–',
      '0',
      '1,234.57',
    ]);
  });

  it('a wait is shown with its objective, which it meets when both are equal', () => {
    expect([waitBeside(0, 10), waitBeside(10, 10), waitBeside(12.25, 10)]).toEqual([
      '0 s, within 10 s',
      '10 s, within 10 s',
      '12.3 s, beyond 10 s',
    ]);
  });

  it('resources are shown in readable units', () => {
    expect([cpu('1150m'), cpu('4'), memory('1700Mi'), memory('512Mi'), memory('8Gi'), memory('odd')]).toEqual(
      ['1.15', '4', '1.66 GiB', '512 MiB', '8 GiB', 'odd'],
    );
    expect([quantity(2 ** 30, 'bytes'), quantity(1150, 'millicores'), quantity(0.2, '')]).toEqual([
      '1 GiB',
      '1.15 CPU',
      '0.2',
    ]);
  });

  it('published shapes have a display name, others their own', () => {
    expect([shapeTitle('4cpu-8gb'), shapeTitle('cpu=16,memory=32Gi'), shapeTitle('x4cpu-8gb')]).toEqual([
      '4 CPU / 8 GB',
      'cpu=16,memory=32Gi',
      'x4cpu-8gb',
    ]);
    expect(percent(0.125)).toBe('12.5 %');
  });
});

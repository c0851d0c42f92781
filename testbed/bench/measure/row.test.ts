import { describe, expect, it } from 'vitest';
import { type Measured, rowOf } from './row.ts';

const measured = (values: readonly number[], targets: Measured['targets']): Measured => ({
  name: 'gap',
  unit: 'ms',
  values,
  targets,
  note: '',
});

describe('rowOf', () => {
  const both = [
    { of: 'p50', atMost: 10 },
    { of: 'max', atMost: 50 },
  ] as const;
  it.each([
    {
      title: 'all targets are met, to the last millisecond',
      values: [10, 10, 50],
      targets: both,
      want: 'met',
    },
    { title: 'one of two is missed', values: [10, 10, 51], targets: both, want: 'missed' },
    { title: 'there is nothing to reach', values: [1e9], targets: [], want: 'none' },
  ])('$title: $want', ({ values, targets, want }) => {
    expect(rowOf('gate', measured(values, targets), 0).verdict).toBe(want);
  });

  it('carries the load under which it was measured', () => {
    expect(rowOf('gate', measured([3, 1], []), 4.5)).toMatchObject({
      bench: 'gate',
      n: 2,
      min: 1,
      max: 3,
      loadAverage: 4.5,
    });
  });

  it('names what was never measured', () => {
    expect(() => rowOf('gate', measured([], []), 0)).toThrow('"gap" was never measured');
  });
});

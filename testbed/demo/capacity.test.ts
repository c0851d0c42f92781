import { describe, expect, it } from 'vitest';
import { type CapacityReading, capacityLines, capacityProblems } from './capacity.ts';

const said = (
  work: number,
  ...nodes: readonly (readonly [now: number, ahead: number])[]
): CapacityReading => ({
  work,
  shapes: nodes.map(([nodesNow, nodesAhead], nth) => ({
    shape: nth === 0 ? '4cpu-8gb' : '8cpu-16gb',
    nodesNow,
    nodesAhead,
  })),
});
const idle = said(0, [0, 2], [0, 1]);
const busy = said(11, [3, 7], [2, 4]);

describe('what the autoscaler recommended', () => {
  it('is right when it has grown with the work and is back after', () => {
    expect(capacityProblems({ before: idle, peak: busy, after: idle })).toEqual([]);
  });

  it.each<[string, readonly [CapacityReading, CapacityReading, CapacityReading], RegExp]>([
    ['there is none', [said(0), said(0), said(0)], /no answer/],
    ['it never moved', [idle, said(11, [0, 2], [0, 1]), idle], /did not grow.*11 to run/],
    [
      'it sees work that is over',
      [idle, busy, said(1, [1, 3], [1, 2])],
      /still sees work.*1 to run.*1 node now/,
    ],
  ])('is wrong when %s', (_, [before, peak, after], problem) => {
    expect(capacityProblems({ before, peak, after }).join('; ')).toMatch(problem);
  });

  it('is reported in one line per moment', () => {
    expect(capacityLines({ before: idle, peak: busy, after: idle })).toEqual([
      'What the autoscaler recommended, if all nodes were of one shape',
      '  before   0 to run   4cpu-8gb: 0 nodes now, 2 next     8cpu-16gb: 0 nodes now, 1 next',
      '  at peak  11 to run  4cpu-8gb: 3 nodes now, 7 next     8cpu-16gb: 2 nodes now, 4 next',
      '  after    0 to run   4cpu-8gb: 0 nodes now, 2 next     8cpu-16gb: 0 nodes now, 1 next',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { admit, type Budget, type Load, NO_LOAD, plus } from './admit.ts';

const GIB = 1024 ** 3;
const one: Load = { pipelines: 1, pods: 1, cpuMillicores: 500, memoryBytes: GIB };
const open: Budget = { pipelines: 10, pods: undefined, cpuMillicores: undefined, memoryBytes: undefined };

describe('admit', () => {
  it.each<[string, [Partial<Load>, Partial<Load>, Partial<Budget>], object]>([
    ['room for it', [{}, {}, {}], { kind: 'admitted' }],
    ['exactly the last place', [{}, { pipelines: 9 }, {}], { kind: 'admitted' }],
    [
      'no place',
      [{}, { pipelines: 10 }, {}],
      {
        kind: 'waiting',
        reason: 'capacity',
        text: '10 of 10 pipelines are in use, and this pipeline needs 1 pipeline',
      },
    ],
    [
      'the last millicore',
      [{ cpuMillicores: 1_000 }, { cpuMillicores: 3_000 }, { cpuMillicores: 4_000 }],
      { kind: 'admitted' },
    ],
    [
      'a millicore too few',
      [{ cpuMillicores: 1_001 }, { cpuMillicores: 3_000 }, { cpuMillicores: 4_000 }],
      { kind: 'waiting', reason: 'budget-cpu' },
    ],
    [
      'too little memory',
      [{}, { memoryBytes: GIB }, { memoryBytes: 1.5 * GIB }],
      {
        kind: 'waiting',
        reason: 'budget-memory',
        text: '1024 of 1536 MiB of memory are in use, and this pipeline needs 1024 MiB of memory',
      },
    ],
    ['no Pod left', [{}, { pods: 5 }, { pods: 5 }], { kind: 'waiting', reason: 'budget-pods' }],
    [
      'more than the whole budget, though nothing runs',
      [{ cpuMillicores: 4_001 }, {}, { cpuMillicores: 4_000 }],
      { kind: 'refused', text: 'the pipeline requests 4.001 CPU, more than the whole budget of 4 CPU' },
    ],
    [
      'more than the whole budget of one thing, while another is spent',
      [{ memoryBytes: 2 * GIB }, { pipelines: 10 }, { memoryBytes: GIB }],
      { kind: 'refused' },
    ],
    [
      'what others took beyond the budget',
      [{}, { pods: 9 }, { pods: 5 }],
      { kind: 'waiting', reason: 'budget-pods' },
    ],
  ])('%s', (_, [asked, taken, budget], want) => {
    expect(admit({ ...one, ...asked }, { ...NO_LOAD, ...taken }, { ...open, ...budget })).toMatchObject(want);
  });

  it('adds loads', () => {
    expect(plus(one, { ...one, cpuMillicores: 1 })).toEqual({
      pipelines: 2,
      pods: 2,
      cpuMillicores: 501,
      memoryBytes: 2 * GIB,
    });
  });
});

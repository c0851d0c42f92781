import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aStageAhead, aWaitingStage } from '../testing/demand-stages.ts';
import { fairParts, RunnerBook } from './runner-book.ts';
import type { TargetRound } from './scrape.ts';

/** The view after a round in which all these replicas answered. */
function taken(...replicas: Partial<Pick<TargetRound, 'known' | 'ahead'>>[]) {
  const reading = {
    states: undefined,
    capacityPipelines: undefined,
    unschedulablePods: undefined,
    startedAtSeconds: undefined,
    counters: new Map<string, number>(),
  };
  const targets = replicas.map((change, nth): TargetRound => {
    const target = `http://r${nth}`;
    return { target, reading: { ...reading, target }, known: [], ahead: [], problems: [], ...change };
  });
  return new RunnerBook(60_000).take({ atMs: 0, targets }, 0);
}

describe('stages that several replicas report', () => {
  it('count once', () => {
    const { known, ahead } = taken(
      { known: [aWaitingStage(1)], ahead: [aStageAhead(9, undefined)] },
      { known: [aWaitingStage(1), aWaitingStage(2)], ahead: [aStageAhead(9, undefined)] },
    );

    expect(known?.map(({ stageId }) => stageId)).toEqual([1, 2]);
    expect(ahead).toHaveLength(1);
  });

  it.each([
    ['the earlier of two times', 100, 200, 100],
    ['the only known time', undefined, 200, 200],
    ['no time when none is known', undefined, undefined, undefined],
  ])('are expected at %s', (_sentence, one, other, want) => {
    expect(
      taken({ ahead: [aStageAhead(9, one)] }, { ahead: [aStageAhead(9, other)] }).ahead[0]?.expectedMs,
    ).toBe(want);
  });

  it('are no longer ahead once a replica has accepted them', () => {
    expect(
      taken({ known: [aWaitingStage(9)] }, { ahead: [aStageAhead(9, undefined), aStageAhead(10, undefined)] })
        .ahead,
    ).toEqual([aStageAhead(10, undefined)]);
  });
});

describe('an address behind which several runners are', () => {
  const KEEP_MS = 60_000;
  /** The problems after each answer, by the start of the process that has answered. */
  function problemsOf(...started: readonly (number | undefined)[]) {
    const book = new RunnerBook(KEEP_MS);
    return started.map((startedAtSeconds, nth) => {
      const reading = {
        ...{ target: 'http://r', states: undefined, capacityPipelines: undefined },
        ...{ unschedulablePods: undefined, startedAtSeconds, counters: new Map<string, number>() },
      };
      const round: TargetRound = { target: 'http://r', reading, known: [], ahead: [], problems: [] };
      const nowMs = nth * (KEEP_MS / 2);
      return book.take({ atMs: nowMs, targets: [round] }, nowMs).problems.map(({ problem }) => problem);
    });
  }

  it('is reported once an older process answers after a younger one, until that has not happened for a while', () => {
    const seen = problemsOf(100, 200, 100, 100, 100, 100);

    expect(seen.map((problems) => problems.length)).toEqual([0, 0, 1, 1, 1, 0]);
    expect(seen[2]).toEqual([expect.stringMatching(/^several runners answer in turn/)]);
  });

  it('near miss: a runner that is restarted again and again, or that does not state its start', () => {
    expect(problemsOf(100, 200, 300, undefined, 300).flat()).toEqual([]);
  });
});

describe('more stages than all runners together can have', () => {
  const many = (count: number, from = 0) =>
    Array.from({ length: count }, (_, nth) => aWaitingStage(from + nth));

  it('are cut where they are reported, and nobody else loses one', () => {
    const honest = many(300, 1_000_000);
    const { known, problems } = taken({ known: many(20_000) }, { known: honest }, { known: many(5) });

    expect(known).toHaveLength(20_000 - 5);
    expect(known?.filter(({ stageId }) => stageId >= 1_000_000)).toEqual(honest);
    expect(problems).toEqual([
      expect.objectContaining({
        target: 'http://r0',
        problem:
          '305 of the 20000 stages of its GET /demand are not counted: all runners together have more than 20000',
      }),
    ]);
  });

  it('are cut of those to come as well', () => {
    const ahead = Array.from({ length: 20_001 }, (_, nth) => aStageAhead(nth, nth));
    expect(taken({ ahead }).ahead).toHaveLength(20_000);
  });

  it('near miss: as many as that are all taken, without a problem', () => {
    const { known, problems } = taken({ known: many(15_000) }, { known: many(5000, 15_000) });
    expect([known?.length, problems]).toEqual([20_000, []]);
  });

  it('leave each runner its fair part', () => {
    expect(fairParts([9, 1, 9], 7)).toEqual([3, 1, 3]);
    expect(fairParts([], 7)).toEqual([]);
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.nat(200), (lengths, most) => {
        const parts = fairParts(lengths, most);
        const total = lengths.reduce((sum, one) => sum + one, 0);
        expect(parts.reduce((sum, one) => sum + one, 0)).toBe(Math.min(total, most));
        // Whoever was cut has about as much as the one that has most.
        for (const [at, part] of parts.entries())
          if (part < (lengths[at] ?? 0)) expect(Math.max(...parts) - part).toBeLessThanOrEqual(1);
      }),
    );
  });
});

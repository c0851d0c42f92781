import { describe, expect, it } from 'vitest';
import { aStageAhead, aWaitingStage } from '../testing/demand-stages.ts';
import { RunnerBook } from './runner-book.ts';
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

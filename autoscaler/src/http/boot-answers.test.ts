import { describe, expect, it } from 'vitest';
import { bootsAnswer } from './boot-answers.ts';

const PHASES = [
  { phase: 'machine', seconds: 120, boots: 9 },
  { phase: 'image', seconds: 12.34, boots: 7 },
] as const;

describe('the answer about boots', () => {
  it('has for each phase its time, its part of the cost, and advice where it is long', () => {
    const answer = bootsAnswer(PHASES, 180.04, { nodeHoursPer1000Prs: 20, waitMeanSeconds: 0.36 });

    expect(answer).toMatchObject({
      bootSeconds: 180,
      minute: { nodeHoursPer1000Prs: 20, waitMeanSeconds: 0.4 },
      phases: [
        { phase: 'machine', seconds: 120, boots: 9, nodeHoursPer1000Prs: 40 },
        { phase: 'image', seconds: 12.3, boots: 7, nodeHoursPer1000Prs: 4.1, advice: null },
      ],
    });
    expect(answer.phases[0]?.advice).toContain('warm pool');
  });

  it('has no cost before a replay has computed what a minute costs', () => {
    expect(bootsAnswer(PHASES, 180, undefined)).toMatchObject({
      minute: null,
      phases: [{ nodeHoursPer1000Prs: null }, { nodeHoursPer1000Prs: null }],
    });
  });
});

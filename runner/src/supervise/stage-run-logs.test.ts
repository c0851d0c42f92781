import { describe, expect, it } from 'vitest';
import { StageRunLogs } from './stage-run-logs.ts';
import { aPlan } from './testing/a-plan.ts';
import { aPod } from './testing/a-pod.ts';
import { FakeStepLogs } from './testing/fake-step-logs.ts';

const to = { stepId: (n: number): number => n, leaving: new AbortController().signal };

describe('the logs of a stage', () => {
  it('mask the secrets of all steps in each log: a step may print the secret of another (known issue 28)', () => {
    const plan = aPlan();
    const stage = { plan, pod: aPod(plan), notes: [], adopted: false, takenOverMs: 0 };
    const fake = new FakeStepLogs();
    const logs = new StageRunLogs(fake, { ...stage, masks: { 1: ['one', 'both'], 2: ['two', 'both'] } }, to);

    for (const step of plan.steps) logs.open(step);

    for (const { n } of plan.steps) expect(fake.of(n).order.masks).toEqual(['one', 'both', 'two']);
  });

  it('start with the notes for the author: the first one with those of the stage, each with those of its step', () => {
    const plan = aPlan();
    const stage = { plan, pod: aPod(plan), masks: {}, adopted: false, takenOverMs: 0 };
    const fake = new FakeStepLogs();
    const logs = new StageRunLogs(
      fake,
      { ...stage, notes: ['beware'], stepNotes: { 2: ['T is empty'] } },
      to,
    );

    for (const step of plan.steps) logs.open(step);

    expect([1, 2].map((n) => fake.of(n).notes)).toEqual([['beware'], ['T is empty']]);
  });

  it('mask nothing if no step has a secret', () => {
    const plan = aPlan();
    const stage = { plan, pod: aPod(plan), notes: [], adopted: false, takenOverMs: 0 };
    const fake = new FakeStepLogs();
    const logs = new StageRunLogs(fake, { ...stage, masks: {} }, to);

    for (const step of plan.steps) logs.open(step);

    expect(fake.of(1).order.masks).toEqual([]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import { decide, type SkipDecision, type StepResult, type StepResults } from '../pipeline/step-decision.ts';
import { areEndsKnown, isCertainSkip } from './decide-by-known.ts';
import { aPlannedStep } from './testing/a-plan.ts';

const ended = (code: number): StepResult => ({ phase: 'ended', decision: 'ran', code });

/** The decision on the last step, and whether it is certain. */
function judged(steps: readonly PlannedStep[], codes: Readonly<Record<number, number>>): readonly unknown[] {
  const results: StepResults = new Map(Object.entries(codes).map(([n, code]) => [Number(n), ended(code)]));
  const step = steps.at(-1);
  const verdict = step && decide(step, results, steps);
  if (!step || !verdict || verdict === 'run' || verdict === 'wait') return [verdict];
  return [verdict, isCertainSkip(verdict, step, results, steps)];
}

describe('a skip is certain', () => {
  const [one, two] = [aPlannedStep(1), aPlannedStep(2)];

  it('when the failed step had to end before', () => {
    expect(judged([one, aPlannedStep(2, { after: [1] })], { 1: 1 })).toEqual(['failed-before', true]);
  });

  it('also transitively', () => {
    const steps = [one, aPlannedStep(2, { after: [1], runs: 'always' }), aPlannedStep(3, { after: [2] })];
    expect(judged(steps, { 1: 1, 2: 0 })).toEqual(['failed-before', true]);
  });

  it('not when the failed step ran in parallel: the step may have started before the failure', () => {
    expect(judged([one, two, aPlannedStep(3, { after: [2] })], { 1: 1, 2: 0 })).toEqual([
      'failed-before',
      false,
    ]);
  });

  it.each([
    ['fast', { fails: 'fast' } as const, 1],
    ['ended-early', {}, 78],
  ])('%s: by the same measure', (why, changes, code) => {
    const first = aPlannedStep(1, changes);
    expect(judged([first, aPlannedStep(2, { after: [1], runs: 'always' })], { 1: code })).toEqual([
      why,
      true,
    ]);
    expect(judged([first, aPlannedStep(2, { runs: 'always' })], { 1: code })).toEqual([why, false]);
  });

  it('when nothing failed, only if no other step can fail', () => {
    const report = { runs: 'on-failure' } as const;
    const last = aPlannedStep(3, { after: [2], ...report });
    expect(judged([one, aPlannedStep(2, { after: [1] }), last], { 1: 0, 2: 0 })).toEqual([
      'passed-before',
      true,
    ]);
    expect(judged([one, two, last], { 2: 0 })).toEqual(['passed-before', false]);
    const service = aPlannedStep(1, { role: 'background' });
    expect(judged([service, two, last], { 2: 0 })).toEqual(['passed-before', true]);
    expect(judged([{ ...service, readyMs: 60_000 }, two, last], { 2: 0 })).toEqual(['passed-before', false]);
  });

  it('when nothing failed, only if the ends of all steps before are known', () => {
    const chain = [one, aPlannedStep(2, { after: [1] }), aPlannedStep(3, { after: [2], runs: 'on-failure' })];
    const skipped: StepResult = { phase: 'ended', decision: 'failed-before', code: 0 };
    const [last = one] = chain.slice(-1);
    // The second step was skipped for the failure of the first one, whose end is read later.
    const results: StepResults = new Map([[2, skipped]]);
    expect(decide(last, results, chain)).toBe('passed-before');
    expect(isCertainSkip('passed-before', last, results, chain)).toBe(false);
    expect(areEndsKnown(last, results, chain)).toBe(false);
    expect(areEndsKnown(last, new Map([...results, [1, ended(1)]]), chain)).toBe(true);
  });

  it('when nothing failed and the other steps run after it', () => {
    const steps = [aPlannedStep(2, { after: [3], runs: 'always' }), aPlannedStep(3, { runs: 'on-failure' })];
    expect(judged(steps, {})).toEqual(['passed-before', true]);
  });
});

describe('a certain skip', () => {
  const policy = fc.record({
    runs: fc.constantFrom('on-success' as const, 'on-failure' as const, 'always' as const),
    fails: fc.constantFrom('fail' as const, 'ignore' as const, 'fast' as const),
    after: fc.uniqueArray(fc.nat(4), { maxLength: 2 }),
    code: fc.constantFrom(0, 1, 78),
  });
  const stage = fc.array(policy, { minLength: 2, maxLength: 5 }).map((parts) => ({
    codes: parts.map(({ code }) => code),
    steps: parts.map((part, index) =>
      aPlannedStep(index + 1, { ...part, after: part.after.filter((n) => n > 0 && n <= index) }),
    ),
  }));

  /** The results of all steps but the last: each runs or is skipped as its gate decides. */
  function resultsOf(steps: readonly PlannedStep[], codes: readonly number[]): Map<number, StepResult> {
    const results = new Map<number, StepResult>();
    for (const [index, step] of steps.slice(0, -1).entries()) {
      const word = decide(step, results, steps);
      if (word === 'run') results.set(step.n, ended(codes[index] ?? 0));
      else if (word !== 'wait') results.set(step.n, { phase: 'ended', decision: word, code: 0 });
    }
    return results;
  }

  function waitedFor(step: PlannedStep, steps: readonly PlannedStep[]): ReadonlySet<number> {
    const further = step.after.flatMap((n) => [...waitedFor(steps[n - 1] ?? step, steps)]);
    return new Set([...step.after, ...further]);
  }

  it('is also the decision of the gate, whichever other results it has by then', () => {
    let certain = 0;
    fc.assert(
      fc.property(stage, fc.nat(), ({ steps, codes }, seen) => {
        const last = steps.at(-1) ?? aPlannedStep(1);
        const all = resultsOf(steps, codes);
        const verdict = decide(last, all, steps);
        if (!isSkip(verdict) || !isCertainSkip(verdict, last, all, steps)) return;
        certain++;
        const before = waitedFor(last, steps);
        const some = new Map([...all].filter(([n]) => before.has(n) || ((seen >> n) & 1) === 1));
        expect(isSkip(decide(last, some, steps))).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(certain).toBeGreaterThan(20);
  });
});

const isSkip = (word: 'wait' | 'run' | SkipDecision): word is SkipDecision =>
  word !== 'wait' && word !== 'run';

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecidableStep, RunDecision, SkipDecision, StepResult, StepResults } from './step-decision.ts';
import { decide, failedSteps } from './step-decision.ts';

interface Case {
  name: string;
  steps: DecidableStep[];
  results: Record<string, string>;
  step: number;
  want: string;
  failed: string[];
}

const table = new URL('../../gate/decisions.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(table, 'utf8')) as { cases: Case[] };

/** Reads `running, stopping` or `ran 0`, the table's short form. */
function resultFrom(text: string): StepResult {
  const [state = '', stop] = text.split(', ');
  const stopping = stop === 'stopping' ? { stopping: true } : {};
  if (state === 'waiting' || state === 'running') return { phase: state, ...stopping };
  const [decision, code] = state.split(' ');
  return {
    phase: 'ended',
    decision: decision as RunDecision | SkipDecision,
    code: Number(code),
    ...stopping,
  };
}

function resultsFrom(texts: Record<string, string>): StepResults {
  return new Map(Object.entries(texts).map(([n, text]) => [Number(n), resultFrom(text)]));
}

function stepNumbered(steps: readonly DecidableStep[], n: number): DecidableStep {
  const step = steps.find((candidate) => candidate.n === n);
  if (step === undefined) throw new Error(`the table's case has no step ${n}`);
  return step;
}

describe('decide, by the table shared with the gate', () => {
  it.each(cases)('$name', ({ steps, results, step, want, failed }) => {
    const known = resultsFrom(results);

    expect(decide(stepNumbered(steps, step), known, steps)).toBe(want);
    expect(failedSteps(known, steps)).toEqual(failed);
  });
});

const aResult = fc.oneof(
  fc.constantFrom<StepResult>({ phase: 'waiting' }, { phase: 'running' }),
  fc.constantFrom(0, 1, 78, 137).map((code): StepResult => ({ phase: 'ended', decision: 'ran', code })),
);

const aStage = fc.array(
  fc.record({
    role: fc.constantFrom('step' as const, 'background' as const),
    runs: fc.constantFrom('on-success' as const, 'on-failure' as const, 'always' as const),
    fails: fc.constantFrom('fail' as const, 'ignore' as const, 'fast' as const),
    result: aResult,
  }),
  { minLength: 1, maxLength: 6 },
);

const serial = (parts: { role: 'step' | 'background' }[]): DecidableStep[] =>
  parts.map((part, at) => ({
    n: at + 1,
    name: `s${at + 1}`,
    after: at === 0 ? [] : [at],
    ...(part as Pick<DecidableStep, 'role' | 'runs' | 'fails'>),
  }));

describe('decide, for any stage', () => {
  it('never waits once everything before has ended', () => {
    fc.assert(
      fc.property(aStage, (parts) => {
        const steps = serial(parts);
        const results = new Map(
          steps
            .slice(0, -1)
            .map((step): [number, StepResult] => [step.n, { phase: 'ended', decision: 'ran', code: 1 }]),
        );

        expect(decide(stepNumbered(steps, steps.length), results, steps)).not.toBe('wait');
      }),
    );
  });

  it('starts nothing after a stop signal at any step', () => {
    fc.assert(
      fc.property(aStage, fc.nat(5), (parts, at) => {
        const steps = serial(parts);
        const results = new Map(
          parts.map(({ result }, index): [number, StepResult] => [
            index + 1,
            index === at % parts.length ? { ...result, stopping: true } : result,
          ]),
        );

        for (const step of steps) expect(decide(step, results, steps)).toBe('stopping');
      }),
    );
  });
});

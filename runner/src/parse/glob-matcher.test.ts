import { describe, expect, it } from 'vitest';
import type { Conditions } from '../pipeline/pipeline.ts';
import { type ConditionFacts, matchesConditions } from './conditions.ts';
import { GlobMatcher } from './glob-matcher.ts';

const FACTS: ConditionFacts = {
  action: '',
  branch: 'main',
  cron: '',
  event: 'push',
  instance: '',
  ref: `refs/heads/${'a'.repeat(90)}/${'a/'.repeat(60)}`,
  repo: 'octocat/hello',
  target: '',
};

/** Conditions on the ref, of globs that each differ and match nothing. */
function expensive(count: number): Conditions {
  const include = Array.from({ length: count }, (_, n) => `**/${'*a'.repeat(45)}${n}`);
  return { ref: { include, exclude: [] } };
}

function workOf(steps: number, conditions: Conditions): number {
  const globs = new GlobMatcher();
  for (let step = 0; step < steps; step += 1) matchesConditions(conditions, FACTS, globs);
  return globs.work;
}

describe('the cost of comparing conditions', () => {
  it('grows in proportion to the globs', () => {
    expect(workOf(1, expensive(200)) / workOf(1, expensive(100))).toBeLessThan(2.3);
  });

  it('grows in proportion to the length of a glob', () => {
    const one = (length: number): Conditions => ({
      ref: { include: ['*a'.repeat(length)], exclude: [] },
    });

    expect(workOf(1, one(2_000)) / workOf(1, one(1_000))).toBeLessThan(2.3);
  });

  it('is hardly more for 40 steps that share their globs by an alias', () => {
    expect(workOf(40, expensive(800)) / workOf(1, expensive(800))).toBeLessThan(1.1);
  });

  it('has a maximum for a pipeline, after which the pipeline is refused', () => {
    const globs = new GlobMatcher();

    expect(() => matchesConditions(expensive(2_000), FACTS, globs)).toThrow(
      'the conditions under "when" have too many or too long globs for one pipeline; write fewer or shorter ones',
    );
  });

  it('allows a hundred globs for each of 500 steps', () => {
    const include = Array.from({ length: 100 }, (_, n) => `refs/heads/feature-${n}/**`);
    const conditions = { ref: { include, exclude: [] } };

    expect(() => workOf(500, conditions)).not.toThrow();
  });
});

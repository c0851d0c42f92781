import { describe, expect, it } from 'vitest';
import { eachRule, OPEN_RULES } from './restrictions.ts';
import { openSettings, openWarning, renderOpenSettings, reviewRules } from './review.ts';
import { RULES } from './rule-table.ts';

const CLOSED = eachRule(
  () => ({ fork: [], ordinary: [], trusted: 'any' as const }),
  () => ({ fork: 1, ordinary: 1, trusted: 'any' as const }),
);

describe('the review of the rules', () => {
  it('is one sentence at start where something is open, and none where nothing is', () => {
    expect(openWarning({ rules: OPEN_RULES, repositories: [] })).toContain('22 of 22 rules');
    expect(openWarning({ rules: { ...CLOSED, root: OPEN_RULES.root }, repositories: [] })).toContain(
      '1 of 22',
    );
    expect(openWarning({ rules: CLOSED, repositories: [] })).toBeUndefined();
  });

  it('names for each rule its value, and the default of the chart where it differs', () => {
    const [first] = reviewRules({ rules: OPEN_RULES, repositories: [] });
    expect(first).toMatchObject({ value: 'any', open: ['fork', 'ordinary'], chartDefault: 'none' });
    expect(reviewRules({ rules: CLOSED, repositories: [] })[0]).toMatchObject({
      value: 'none',
      open: [],
      chartDefault: undefined,
    });
  });
});

describe('the open settings for an upgrade', () => {
  it('are one for each rule about what the previous runner lets pipelines choose, each with a comment', () => {
    const open = openSettings().map(({ name }) => name);
    expect(open).toEqual(
      Object.values(RULES).flatMap(({ setting, sinceHangar }) => (sinceHangar ? [] : [setting])),
    );
    expect(open).toContain('HANGAR_UNTRUSTED_ROOT');
    expect(open).not.toContain('HANGAR_UNTRUSTED_CAPABILITIES');
    expect(renderOpenSettings()).toMatch(/^(# Open: .*\n\w+: any\n)+$/);
  });
});

import { describe, expect, it } from 'vitest';
import { type ActRules, judgeAct, type ScaleState } from './judge.ts';

const rules: ActRules = { self: 'ci/hangar', dryRun: false, lowerPaceMs: 60_000, mostNodes: 100 };
const standing = (more: Partial<ScaleState> = {}): ScaleState => ({
  annotations: {},
  nodes: 5,
  service: 'served',
  serviceText: '',
  ...more,
});
const at = (nowMs: number, lastSetMs?: number) => ({ nowMs, lastSetMs });
const owned = (by: string) => ({ annotations: { 'hangar.dev/scaled-by': by } });
const paused = (value: string) => ({ annotations: { 'hangar.dev/paused': value } });

describe('whether a number may be written', () => {
  const cases: [string, ScaleState, number, Partial<ActRules>, ReturnType<typeof at>, string | undefined][] =
    [
      ['a change on a pool of nobody', standing(), 7, {}, at(0), undefined],
      ['a change on our own pool', standing(owned('ci/hangar')), 7, {}, at(0), undefined],
      ["a change on another Hangar's pool", standing(owned('ci/other')), 7, {}, at(0), 'foreign-owner'],
      ['the number that stands', standing(), 5, {}, at(0), 'unchanged'],
      ['a first number, even 0', standing({ nodes: undefined }), 0, {}, at(0), undefined],
      ['a paused pool', standing(paused('true')), 7, {}, at(0), 'paused'],
      ['a pool paused with an empty value', standing(paused('')), 7, {}, at(0), 'paused'],
      ['a pool whose pause says false', standing(paused('false')), 7, {}, at(0), undefined],
      ['a dry run', standing(), 7, { dryRun: true }, at(0), 'would-set'],
      ['a dry run of nothing new', standing(), 5, { dryRun: true }, at(0), 'unchanged'],
      ['more of what nobody brings', standing({ service: 'unserved' }), 6, {}, at(0), 'unserved'],
      ['less of what nobody brings', standing({ service: 'unserved' }), 4, {}, at(0), undefined],
      ['more of what is on its way', standing({ service: 'coming' }), 6, {}, at(0), undefined],
      ['less, right after a change', standing(), 4, {}, at(59_999, 0), 'paced'],
      ['less, when the pace allows it', standing(), 4, {}, at(60_000, 0), undefined],
      ['more, right after a change', standing(), 6, {}, at(1, 0), undefined],
      ['as much as the settings allow', standing(), 100, {}, at(0), undefined],
      ['one more than the settings allow', standing(), 101, {}, at(0), 'refused'],
      ['half a node', standing(), 1.5, {}, at(0), 'refused'],
      ['less than nothing', standing(), -1, {}, at(0), 'refused'],
      ['no number', standing(), Number.NaN, {}, at(0), 'refused'],
    ];
  it.each(cases)('%s', (...[, given, nodes, more, moment, kind]) => {
    expect(judgeAct(given, nodes, { ...rules, ...more }, moment)?.kind).toBe(kind);
  });

  it('says whose the pool is and what to do', () => {
    const text = judgeAct(standing(owned('ci/other')), 7, rules, at(0))?.text;
    expect(text).toContain('scaled by ci/other, not by ci/hangar');
    expect(text).toContain('hangar.dev/scaled-by');
  });
});

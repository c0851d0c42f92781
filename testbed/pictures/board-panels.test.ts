import type { Panel } from '@hangar/dashboards/board';
import { describe, expect, it } from 'vitest';
import type { QueryAnswer } from '../suites/boards/answers.ts';
import { panelHtml } from './board-panels.ts';

const MORNING = Date.UTC(2026, 0, 1, 8) / 1000;
const span = { from: MORNING, to: MORNING + 900 };
const query = { expr: 'some_metric', legend: 'it' };
const answers = [{ query, series: [{ labels: {}, points: [[MORNING, 1]] as const }] }];

const drawn = (more: Partial<Panel>, given: readonly QueryAnswer[] = answers): string => {
  const panel: Panel = {
    title: 'What?',
    description: 'It.',
    kind: 'lines',
    width: 8,
    unit: 'none',
    queries: [query],
    ...more,
  };
  return panelHtml(panel, given, span).toString();
};

const textsOf = (more: Partial<Panel>, given?: readonly QueryAnswer[]): readonly string[] =>
  [...drawn(more, given).matchAll(/<text[^>]*>([^<]*)</g)].map(([, text = '']) => text);

/** Where numbers at the left end, in pixels. */
const rightOf = (more: Partial<Panel>, given?: readonly QueryAnswer[]): number =>
  Number(/<text x="(\d+)"[^>]*text-anchor="end"/.exec(drawn(more, given))?.[1]);

describe('a plot of a board', () => {
  it('without data shows that, on an axis of its unit', () => {
    const none = [{ query, series: [] }];
    expect(textsOf({ unit: 'bytes' }, none).slice(0, 4)).toEqual(['0 GiB', '0.5 GiB', '1 GiB', 'no data']);
    expect(textsOf({ unit: 'bytes' })).not.toContain('no data');
  });

  it('says at the left how large values are, and below when it begins and ends', () => {
    expect(textsOf({})).toEqual(['0', '0.5', '1', '08:00:00', '08:15:00']);
  });

  it.each([
    ['suffix:Pods', ['0', '1', '08:00:00', '08:15:00']],
    ['suffix:cores', ['0', '0.5', '1', '08:00:00', '08:15:00']],
  ] as const)('has only whole numbers at the left where values are counted: %s', (unit, texts) => {
    expect(textsOf({ unit })).toEqual(texts);
  });

  it('has room at the left for the longest number with its unit', () => {
    const quarter = [{ query, series: [{ labels: {}, points: [[MORNING, 0.5]] as const }] }];
    expect(textsOf({ unit: 'reqps' }, quarter)[1]).toBe('0.25 req/s');
    expect(rightOf({ unit: 'reqps' }, quarter)).toBeGreaterThanOrEqual('0.25 req/s'.length * 6.4);
  });

  it('has only words at the left where values are words', () => {
    expect(textsOf({ words: { '0': 'rule', '1': 'forecast' } })).toEqual([
      'rule',
      'forecast',
      '08:00:00',
      '08:15:00',
    ]);
  });
});

describe('a table of a board', () => {
  it('has the title of its column on each value, for phones', () => {
    const labelled = [{ query, series: [{ labels: { pool: 'builds' }, points: [[MORNING, 1]] as const }] }];
    const table = drawn({ kind: 'table', columns: ['pool'] }, labelled);
    expect(table).toContain('<td data-label="pool">builds</td>');
  });
});

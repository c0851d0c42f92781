import type { Panel } from '@hangar/dashboards/board';
import { describe, expect, it } from 'vitest';
import type { QueryAnswer } from './answers.ts';
import { plotPanelSvg, statSvg, unitText } from './panel-svg.ts';

const SPAN = { from: 0, to: 10 };

const panel: Panel = {
  title: 'What is there?',
  description: 'A test.',
  kind: 'areas',
  unit: 'none',
  queries: [{ expr: 'x', legend: '{{pool}}' }],
  width: 8,
};

const answer = (...values: readonly number[]): QueryAnswer => ({
  query: { expr: 'x', legend: '{{pool}}', mayBeEmpty: 'nothing ran' },
  series: [{ labels: { pool: '<b>' }, points: values.map((value, at) => [at * 5, value] as const) }],
});

describe('a picture of a panel', () => {
  it.each([
    [0.25, 's', '250 ms'],
    [59.5, 's', '59.5 s'],
    [60, 's', '1 min'],
    [3_600, 's', '1 h'],
    [1_048_576, 'bytes', '1 MiB'],
    [0, 'bytes', '0 B'],
    [0.625, 'percentunit', '62.5 %'],
    [2, 'suffix: nodes', '2 nodes'],
    [Number.NaN, 's', 'none'],
  ] as const)('%d in %s is %s', (value, unit, want) => {
    expect(unitText(value, unit)).toBe(want);
  });

  it('names series by their labels, which are no markup', () => {
    const drawn = plotPanelSvg(panel, [answer(1, 2)], SPAN, 400);
    expect(drawn).toContain('&lt;b>');
    expect(drawn).not.toContain('<b>');
  });

  it('stands areas upon each other, and lines not', () => {
    const both = [answer(4, 4), answer(4, 4)];
    expect(plotPanelSvg(panel, both, SPAN, 400)).toContain('>10<');
    expect(plotPanelSvg({ ...panel, kind: 'lines' }, both, SPAN, 400)).toContain('>5<');
  });

  it.each([
    ['says why there is nothing', answer(Number.NaN), 'none: nothing ran'],
    [
      'says that there is nothing where something should be',
      { query: { expr: 'x', legend: '' }, series: [] },
      'NO ANSWER',
    ],
  ])('%s', (_sentence, given, want) => {
    expect(plotPanelSvg(panel, [given], SPAN, 400)).toContain(want);
    expect(statSvg(panel, [given])).toContain(want);
  });

  it('colours a value by the last threshold that it reaches', () => {
    const judged: Panel = {
      ...panel,
      thresholds: [
        { from: 0, color: 'green' },
        { from: 5, color: 'red' },
      ],
    };
    expect(statSvg(judged, [answer(9, 4.9)])).toContain('#73bf69');
    expect(statSvg(judged, [answer(0, 5)])).toContain('#f2495c');
  });
});

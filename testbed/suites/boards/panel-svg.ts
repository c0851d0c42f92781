import type { Color, Panel, PanelUnit, Query } from '@hangar/dashboards/board';
import { hasValue, nameOf, type QueryAnswer } from './answers.ts';
import type { Series } from './prometheus.ts';

/** Seconds since 1970 at both ends of a plot. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

const COLORS = [
  '#73bf69',
  '#f2cc0c',
  '#5794f2',
  '#ff9830',
  '#b877d9',
  '#f2495c',
  '#8ab8ff',
  '#96d98d',
  '#ffcb7d',
];
const LIMIT_COLOR = '#f2495c';
const NAMED: Readonly<Record<Color, string>> = {
  green: '#73bf69',
  blue: '#5794f2',
  yellow: '#f2cc0c',
  orange: '#ff9830',
  red: '#f2495c',
  purple: '#b877d9',
};
const HEIGHT = 168;
const LEFT = 66;
const BOTTOM = 18;

const digits = (value: number): string => {
  if (Number.isInteger(value)) return String(value);
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
};

function secondsText(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1) return `${digits(value * 1_000)} ms`;
  if (size < 60) return `${digits(value)} s`;
  return size < 3_600 ? `${digits(value / 60)} min` : `${digits(value / 3_600)} h`;
}

function bytesText(value: number): string {
  const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = value < 1 ? 0 : Math.min(steps.length - 1, Math.floor(Math.log2(value) / 10));
  return `${digits(value / 1024 ** step)} ${steps[step]}`;
}

/** A value with its unit, about as Grafana writes it. */
export function unitText(value: number, unit: PanelUnit): string {
  if (!Number.isFinite(value)) return 'none';
  switch (unit) {
    case 's':
      return secondsText(value);
    case 'bytes':
      return bytesText(value);
    case 'percentunit':
      return `${digits(value * 100)} %`;
    case 'reqps':
      return `${digits(value)} req/s`;
    case 'none':
      return digits(value);
    default:
      return `${digits(value)}${unit.replace('suffix:', '')}`;
  }
}

/** Text for HTML and SVG. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

interface Line {
  readonly name: string;
  readonly color: string;
  readonly isLimit: boolean;
  readonly points: ReadonlyMap<number, number>;
}

function linesOf({ colors = {} }: Panel, answers: readonly QueryAnswer[]): readonly Line[] {
  const all = answers.flatMap(({ query, series }) =>
    series.filter(hasValue).map((one) => [query, one] as const),
  );
  return all.map(([query, series]: readonly [Query, Series], index) => ({
    name: nameOf(query, series),
    color: query.isLimit ? LIMIT_COLOR : colorOf(colors[nameOf(query, series)], index),
    isLimit: query.isLimit ?? false,
    points: new Map(series.points.filter(([, value]) => Number.isFinite(value))),
  }));
}

const colorOf = (chosen: Color | undefined, index: number): string =>
  chosen === undefined ? (COLORS[index % COLORS.length] ?? '') : NAMED[chosen];

/** Curves to draw, each from its floor to its top: stacked areas stand upon each other. */
function stacked(lines: readonly Line[], isStacked: boolean) {
  const floor = new Map<number, number>();
  return lines.map((line) => {
    const isArea = isStacked && !line.isLimit;
    const spots = [...line.points].map(([at, value]) => {
      const below = isArea ? (floor.get(at) ?? 0) : 0;
      if (isArea) floor.set(at, below + value);
      return { at, below, top: below + value };
    });
    return { line, isArea, spots };
  });
}

function nice(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= most) ?? 10) * power;
}

/** A plot over time, with its axis, thresholds and legend. */
export function plotPanelSvg(
  panel: Panel,
  answers: readonly QueryAnswer[],
  { from, to }: TimeSpan,
  width: number,
): string {
  const lines = linesOf(panel, answers);
  if (lines.length === 0) return `<div class="none">none: ${escaped(reasons(answers))}</div>`;
  const curves = stacked(lines, panel.kind === 'areas');
  const thresholds = (panel.thresholds ?? []).filter((one) => one.from > 0);
  const most = nice(Math.max(0, ...curves.flatMap(({ spots }) => spots.map(({ top }) => top))));
  const x = (at: number): string => (LEFT + ((at - from) / (to - from)) * (width - LEFT - 8)).toFixed(1);
  const y = (value: number): string => ((HEIGHT - BOTTOM) * (1 - value / most) + 4).toFixed(1);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * most);
  const shapes = curves.map(({ line, isArea, spots }) => {
    const top = spots.map(({ at, top: value }) => `${x(at)},${y(value)}`).join(' ');
    const dash = line.isLimit ? ' stroke-dasharray="7 5"' : '';
    const stroke = `<polyline points="${top}" fill="none" stroke="${line.color}" stroke-width="1.6"${dash}/>`;
    if (!isArea) return stroke;
    const back = [...spots].reverse().map(({ at, below }) => `${x(at)},${y(below)}`);
    return `<polygon points="${top} ${back.join(' ')}" fill="${line.color}" fill-opacity="0.4"/>${stroke}`;
  });
  const rules = thresholds
    .filter((one) => one.from <= most)
    .map(
      ({ from: at, color }) =>
        `<line x1="${LEFT}" x2="${width - 8}" y1="${y(at)}" y2="${y(at)}" stroke="${NAMED[color]}" stroke-dasharray="3 4"/>`,
    );
  const grid = ticks.map(
    (value) =>
      `<line x1="${LEFT}" x2="${width - 8}" y1="${y(value)}" y2="${y(value)}" stroke="#2c3235"/><text x="${LEFT - 6}" y="${Number(y(value)) + 4}" text-anchor="end">${escaped(wordOf(panel, value) ?? unitText(value, panel.unit))}</text>`,
  );
  const legend = lines.map(
    ({ name, color, isLimit }) =>
      `<span><i style="background:${color}${isLimit ? ';opacity:.6' : ''}"></i>${escaped(name)}</span>`,
  );
  return `<svg width="${width}" height="${HEIGHT}">${grid.join('')}${shapes.join('')}${rules.join('')}</svg><div class="legend">${legend.join('')}</div>`;
}

const reasons = (answers: readonly QueryAnswer[]): string =>
  answers.map(({ query }) => query.mayBeEmpty ?? 'NO ANSWER').join('; ');

function wordOf({ words }: Panel, value: number): string | undefined {
  return words === undefined ? undefined : (words[String(value)] ?? '');
}

/** One large value in the colour of its threshold. */
export function statSvg(panel: Panel, answers: readonly QueryAnswer[]): string {
  const [point] = answers
    .flatMap(({ series }) => series.filter(hasValue))
    .flatMap(({ points }) => points.slice(-1));
  if (point === undefined) return `<div class="none">none: ${escaped(reasons(answers))}</div>`;
  const [, value] = point;
  const step = (panel.thresholds ?? []).findLast(({ from }) => value >= from);
  const color = step === undefined ? '#d8d9da' : NAMED[step.color];
  return `<div class="stat" style="color:${color}">${escaped(wordOf(panel, value) ?? unitText(value, panel.unit))}</div>`;
}

/** Labels as rows. */
export function tableSvg({ columns = [] }: Panel, answers: readonly QueryAnswer[]): string {
  const cells = (tag: string, texts: readonly string[]): string =>
    `<tr>${texts.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join('')}</tr>`;
  const rows = answers.flatMap(({ series }) =>
    series.map(({ labels }) =>
      cells(
        'td',
        columns.map((column) => labels[column] ?? ''),
      ),
    ),
  );
  return `<table>${cells('th', columns)}${rows.join('')}</table>`;
}

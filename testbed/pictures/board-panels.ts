import { type Color, type Panel, type PanelUnit, WHOLE_UNITS } from '@hangar/dashboards/board';
import { type Html, html } from '@hangar/shared/program/html';
import { nameOf, type QueryAnswer } from '../suites/boards/answers.ts';

/** A named series as it is drawn. */
interface Drawn {
  readonly name: string;
  readonly isLimit: boolean;
  readonly color: string;
  readonly points: readonly (readonly [number, number])[];
}

/** The time that plots show, in seconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const COLORS: Readonly<Record<Color, string>> = {
  green: '#3f9c4f',
  blue: '#3d7de0',
  yellow: '#d9a300',
  orange: '#e8762b',
  red: '#d6362f',
  purple: '#9657c9',
};
const PALETTE = Object.values(COLORS);
const [WIDTH_PER_COLUMN, HEIGHT, LEFT, BOTTOM, TOP] = [50, 190, 72, 20, 10];

const figures = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const GIB = 2 ** 30;

const isCounted = (unit: PanelUnit): boolean => WHOLE_UNITS.some((whole) => whole === unit);

/** A value with its unit, roughly as Grafana writes it. Pure. */
export function shownValue(value: number, unit: PanelUnit): string {
  if (!Number.isFinite(value)) return 'none';
  if (unit === 'percentunit') return `${figures.format(value * 100)}%`;
  if (unit === 's')
    return value !== 0 && value < 1 ? `${figures.format(value * 1000)} ms` : `${figures.format(value)} s`;
  if (unit === 'bytes') return `${figures.format(value / GIB)} GiB`;
  if (unit === 'reqps') return `${figures.format(value)} req/s`;
  return `${figures.format(value)}${unit.replace(/^suffix:/, ' ').replace(/^none$/, '')}`;
}

/** One panel with the answers to its queries. Pure. */
export function panelHtml(panel: Panel, answers: readonly QueryAnswer[], span: Span): Html {
  const series = seriesOf(panel, answers);
  return html`<section class="panel" style="grid-column:span ${panel.width}"><h3>${panel.title}</h3>${bodyOf(panel, series, span, answers)}</section>`;
}

function bodyOf(panel: Panel, series: readonly Drawn[], span: Span, answers: readonly QueryAnswer[]): Html {
  if (panel.kind === 'stat') return statHtml(panel, series);
  if (panel.kind === 'table') return tableHtml(panel, answers);
  return html`${plotSvg(panel, series, span)}${legendHtml(panel, series)}`;
}

function seriesOf(panel: Panel, answers: readonly QueryAnswer[]): readonly Drawn[] {
  const named = answers.flatMap(({ query, series }) =>
    series.map((one) => ({ name: nameOf(query, one), isLimit: query.isLimit === true, points: one.points })),
  );
  return named.map((one, nth) => {
    const chosen = panel.colors?.[one.name];
    return { ...one, color: chosen === undefined ? (PALETTE[nth % PALETTE.length] ?? '') : COLORS[chosen] };
  });
}

const lastOf = ({ points }: Drawn): number =>
  points.findLast(([, value]) => Number.isFinite(value))?.[1] ?? Number.NaN;

function statHtml({ unit, thresholds = [], words }: Panel, series: readonly Drawn[]): Html {
  const value = series[0] === undefined ? Number.NaN : lastOf(series[0]);
  const step = thresholds.findLast(({ from }) => value >= from);
  const color = step === undefined ? 'inherit' : COLORS[step.color];
  return html`<p class="stat" style="color:${color}">${words?.[String(value)] ?? shownValue(value, unit)}</p>`;
}

function tableHtml({ columns = [] }: Panel, answers: readonly QueryAnswer[]): Html {
  const rows = answers.flatMap(({ series }) => series.map(({ labels }) => labels));
  return html`<table><thead><tr>${columns.map((one) => html`<th>${one}</th>`)}</tr></thead><tbody>${rows.map(
    (labels) =>
      html`<tr>${columns.map((one) => html`<td data-label="${one}">${labels[one] ?? ''}</td>`)}</tr>`,
  )}</tbody></table>`;
}

/** Each series on top of those before it; limits stay where they are. */
function stacked(
  series: readonly Drawn[],
): readonly (Drawn & { readonly base: ReadonlyMap<number, number> })[] {
  let below = new Map<number, number>();
  return series.map((one) => {
    if (one.isLimit) return { ...one, base: new Map<number, number>() };
    const base = below;
    const points = one.points.map(([at, value]) => [at, value + (base.get(at) ?? 0)] as const);
    below = new Map([...below, ...points]);
    return { ...one, points, base };
  });
}

function plotSvg(
  { kind, width: columns, unit, words }: Panel,
  series: readonly Drawn[],
  { from, to }: Span,
): Html {
  const width = columns * WIDTH_PER_COLUMN;
  const drawn =
    kind === 'areas' ? stacked(series) : series.map((one) => ({ ...one, base: new Map<number, number>() }));
  const values = drawn.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const scale = unit === 'bytes' ? GIB : 1;
  const largest = Math.max(...values, 0);
  const most = (largest === 0 ? 1 : niceEnd(largest / scale)) * scale;
  const x = (at: number): number => LEFT + ((at - from) / (to - from)) * (width - LEFT - 8);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / most) * (HEIGHT - BOTTOM - TOP);
  const place = (at: number, value: number): string => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
  const ticks = [0, 0.5, 1]
    .map((share) => share * most)
    .filter((tick) =>
      words === undefined ? !isCounted(unit) || Number.isInteger(tick) : String(tick) in words,
    );
  const axis = ticks.map(
    (tick) =>
      html`<line class="grid" x1="${LEFT}" x2="${width - 8}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${LEFT - 5}" y="${y(tick) + 4}" text-anchor="end">${words?.[String(tick)] ?? shownValue(tick, unit).replace(/ (nodes|Pods|stages|runners|conditions|cores|node-hours)$/, '')}</text>`,
  );
  const shapes = drawn.map(({ points, base, isLimit, color }) => {
    const known = points.filter(([, value]) => Number.isFinite(value));
    const line = known.map(([at, value]) => place(at, value)).join('L');
    if (line === '') return '';
    if (kind !== 'areas' || isLimit)
      return html`<path d="M${line}" fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${isLimit ? '8 6' : 'none'}"/>`;
    const back = known
      .map(([at]) => place(at, base.get(at) ?? 0))
      .reverse()
      .join('L');
    return html`<path d="M${line}L${back}Z" fill="${color}" fill-opacity="0.6"/>`;
  });
  return html`<svg viewBox="0 0 ${width} ${HEIGHT}">${axis}${values.length > 0 ? '' : noData(width)}${timesOf(from, to, x)}${shapes}</svg>`;
}

const noData = (width: number): Html =>
  html`<text x="${width / 2}" y="${HEIGHT / 2 - 14}" text-anchor="middle">no data</text>`;

/** When the plot begins and ends, in UTC, below it. */
const timesOf = (from: number, to: number, x: (at: number) => number): readonly Html[] =>
  [
    { at: from, anchor: 'start' },
    { at: to, anchor: 'end' },
  ].map(
    ({ at, anchor }) =>
      html`<text x="${x(at)}" y="${HEIGHT - 4}" text-anchor="${anchor}">${new Date(at * 1000).toISOString().slice(11, 19)}</text>`,
  );

/** The next of 1, 2, 5 times a power of ten. */
function niceEnd(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].find((one) => one * power >= most) ?? 10) * power;
}

const legendHtml = ({ unit, words }: Panel, series: readonly Drawn[]): Html =>
  html`<ul>${series.slice(0, 6).map((one) => {
    const last = lastOf(one);
    return html`<li><span style="background:${one.color}"></span>${one.name} <b>${words?.[String(last)] ?? shownValue(last, unit)}</b></li>`;
  })}</ul>`;

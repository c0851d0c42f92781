import { type Html, html } from '@hangar/shared/program/html';
import type { Timeline } from '../replay/timeline.ts';

const LEVELS = '▁▂▃▄▅▆▇█';

const largest = (lines: readonly Timeline[]): number =>
  lines.reduce((most, { values }) => values.reduce((high, value) => Math.max(high, value), most), 0);

/** One row of block characters per line, all on the same scale, for a terminal. */
export function plotText(lines: readonly Timeline[]): string {
  const most = Math.max(1, largest(lines));
  const width = lines.reduce((wide, { name }) => Math.max(wide, name.length), 0);
  const block = (value: number): string =>
    value <= 0
      ? ' '
      : (LEVELS[Math.min(LEVELS.length - 1, Math.floor((value / most) * LEVELS.length))] ?? ' ');
  const rows = lines.map(
    (line) => `${line.name.padEnd(width)} │${line.values.map(block).join('')}│ up to ${largest([line])}`,
  );
  return rows.join('\n');
}

const SIZE = { width: 1000, height: 320, left: 50, top: 20, bottom: 40 } as const;
/** Okabe and Ito's colours, which are distinguishable with any colour vision; the first is for demand. */
const COLOURS = ['#bbbbbb', '#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

function polyline({ name, values }: Timeline, nth: number, most: number): Html {
  const { width, height, left, top, bottom } = SIZE;
  const x = (span: number): number => left + ((width - left - 10) * (span + 0.5)) / values.length;
  const y = (value: number): number => height - bottom - ((height - top - bottom) * value) / most;
  const points = values.map((value, span) => `${x(span).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const colour = COLOURS[nth % COLOURS.length] ?? '#000000';
  return html`<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points}"/>
<text x="${left + nth * 150}" y="${height - 8}" fill="${colour}">${name}</text>
`;
}

/**
 * The same as an SVG picture.
 *
 * @param title what is shown, for people and screen readers
 */
export function plotSvg(title: string, lines: readonly Timeline[]): string {
  const { width, height, left, top, bottom } = SIZE;
  const most = Math.max(1, largest(lines));
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="12">
<title>${title}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${left - 6}" y="${top + 4}" text-anchor="end">${most}</text>
<text x="${left - 6}" y="${height - bottom}" text-anchor="end">0</text>
<path d="M${left} ${top}V${height - bottom}H${width - 10}" fill="none" stroke="#666666"/>
${lines.map((line, nth) => polyline(line, nth, most))}</svg>
`.toString();
}

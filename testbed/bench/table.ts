import type { BenchRow, SampleUnit } from './measure.ts';

/** A table: a text for each column, the first line its head. */
export type Cells = readonly (readonly string[])[];

/** Lines of aligned columns for a terminal: the first column to the left, the others to `side`, where numbers are to the right. */
export function alignedLines(cells: Cells, side: 'left' | 'right' = 'right'): readonly string[] {
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const padded = (cell: string, column: number): string => {
    const width = widths?.[column] ?? 0;
    return column === 0 || side === 'left' ? cell.padEnd(width) : cell.padStart(width);
  };
  return cells.map((line) => line.map(padded).join('  ').trimEnd());
}

/** The same for a Markdown page. */
export function benchMarkdownTable([head = [], ...body]: Cells): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(['---', ...head.slice(1).map(() => '--:')]), ...body.map(line)].join('\n');
}

const HEAD = ['what', 'n', 'p50', 'p99', 'max', 'target', 'reached', 'load'] as const;

/** A value for people: `12 ms`, `1.24 s`, `4`, `1.06`. */
export function measureText(value: number, unit: SampleUnit): string {
  switch (unit) {
    case 'ms':
      return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${Math.round(value)} ms`;
    case 'MiB':
      return `${Math.round(value)} MiB`;
    case 'count':
      return String(value);
    case 'ratio':
      return value.toFixed(2);
  }
}

const cells = ({
  name,
  n,
  p50,
  p99,
  max,
  unit,
  targets,
  verdict,
  loadAverage,
}: BenchRow): readonly string[] => [
  name,
  String(n),
  ...[p50, p99, max].map((value) => measureText(value, unit)),
  targets.map(({ of, atMost }) => `${of} ≤ ${measureText(atMost, unit)}`).join(', '),
  verdict === 'none' ? '' : verdict,
  loadAverage.toFixed(1),
];

/** Rows for a terminal, notes beneath those that have one. */
export function rowsText(rows: readonly BenchRow[]): string {
  const [head = '', ...lines] = alignedLines([HEAD, ...rows.map(cells)]);
  const noted = rows.flatMap(({ note }, index) => [lines[index], ...(note === '' ? [] : [`    ${note}`])]);
  return [head, ...noted].join('\n');
}

/** The same for a Markdown page; notes in the first column. */
export function rowsMarkdown(rows: readonly BenchRow[]): string {
  const body = rows.map((row) => {
    const [name = '', ...rest] = cells(row);
    return [row.note === '' ? name : `${name} (${row.note})`, ...rest];
  });
  return benchMarkdownTable([HEAD, ...body]);
}

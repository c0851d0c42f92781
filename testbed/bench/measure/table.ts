import type { Row, Target, Unit } from './row.ts';

const HEAD = ['what', 'n', 'p50', 'p99', 'max', 'target', 'reached', 'load'] as const;

/** A value for people: `12 ms`, `1.24 s`, `4`, `1.06`. */
export function shown(value: number, unit: Unit): string {
  switch (unit) {
    case 'ms':
      return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${Math.round(value)} ms`;
    case 'count':
      return String(value);
    case 'ratio':
      return value.toFixed(2);
  }
}

function targetText(targets: readonly Target[], unit: Unit): string {
  return targets.map(({ of, atMost }) => `${of} ≤ ${shown(atMost, unit)}`).join(', ');
}

function cells(row: Row): readonly string[] {
  const { unit, verdict } = row;
  return [
    row.name,
    String(row.n),
    shown(row.p50, unit),
    shown(row.p99, unit),
    shown(row.max, unit),
    targetText(row.targets, unit),
    verdict === 'none' ? '' : verdict,
    row.loadAverage.toFixed(1),
  ];
}

/** Lines of aligned columns for a terminal, notes beneath those rows that have one. */
export function textTable(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = (line: readonly string[]): string =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const notes = rows.map(({ note }) => (note === '' ? [] : [`    ${note}`]));
  return [text(HEAD), ...rows.flatMap((row, index) => [text(cells(row)), ...(notes[index] ?? [])])].join(
    '\n',
  );
}

/** The same for a Markdown page; notes in the first column. */
export function markdownTable(rows: readonly Row[]): string {
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const body = rows.map((row) => {
    const [name = '', ...rest] = cells(row);
    return line([row.note === '' ? name : `${name} (${row.note})`, ...rest]);
  });
  return [line(HEAD), line(['---', ...HEAD.slice(1).map(() => '--:')]), ...body].join('\n');
}

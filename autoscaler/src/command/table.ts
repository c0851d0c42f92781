/** One column: its title and the side on which its cells are flush. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

function pad(text: string, width: number, align: Column['align']): string {
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}

/**
 * A table in plain text: two spaces in front, three between columns, no trailing blanks.
 *
 * @param rows one text for each column
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `  ${columns.map(({ align }, index) => pad(cells[index] ?? '', widths[index] ?? 0, align)).join('   ')}`.trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)].join('\n');
}

import { lineOf, type StyledText } from './style.ts';

/** A column: its title, and its alignment. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** A left-aligned column, for texts. */
export const left = (title: string): Column => ({ title, align: 'left' });

/** A right-aligned column, for numbers. */
export const right = (title: string): Column => ({ title, align: 'right' });

/** A cell; styling does not change its width. */
export type Cell = string | StyledText;

/** Options for rendering a table. */
export interface TableLook {
  /** Maximum width; longer lines are cut. */
  readonly width?: number;
  readonly isColoured?: boolean;
  /** Style of the title line. */
  readonly head?: StyledText['style'];
}

const GAP = '  ';

const textOf = (cell: Cell | undefined): string => (typeof cell === 'object' ? cell.text : (cell ?? ''));

/** Width in visible characters. */
const widthOf = (text: string): number => [...text].length;

/**
 * Renders a table as plain text: two spaces between columns, no trailing spaces.
 *
 * @param columns none: a table without titles, left-aligned
 * @param rows one cell per column
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  look: TableLook = {},
): readonly string[] {
  const { width = Number.POSITIVE_INFINITY, isColoured = false, head } = look;
  const titles = columns.map(({ title }): Cell => ({ text: title, style: head }));
  const all = columns.length === 0 ? rows : [titles, ...rows];
  const count = Math.max(0, ...all.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, nth) =>
    Math.max(...all.map((row) => widthOf(textOf(row[nth])))),
  );
  return all.map((row) => {
    const pieces = row.map((cell, nth): StyledText => {
      const { text, style } = typeof cell === 'object' ? cell : { text: cell, style: undefined };
      const blanks = ' '.repeat((widths[nth] ?? 0) - widthOf(text));
      const isRight = columns[nth]?.align === 'right';
      const padded = isRight ? blanks + text : nth === row.length - 1 ? text : text + blanks;
      return { text: nth === 0 ? padded : GAP + padded, style: text === '' ? undefined : style };
    });
    return lineOf(pieces, width, isColoured);
  });
}

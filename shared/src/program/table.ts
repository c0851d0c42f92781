import { lineOf, type Piece } from './style.ts';

/** A column: its title, and the side on which its cells are flush. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** A column of texts. */
export const left = (title: string): Column => ({ title, align: 'left' });

/** A column of numbers. */
export const right = (title: string): Column => ({ title, align: 'right' });

/** A cell; one with a look keeps its width. */
export type Cell = string | Piece;

/** How a table is shown. */
export interface TableLook {
  /** Longer lines are cut. */
  readonly width?: number;
  readonly isColoured?: boolean;
  /** Of the line with the titles. */
  readonly head?: Piece['style'];
}

const GAP = '  ';

const textOf = (cell: Cell | undefined): string => (typeof cell === 'object' ? cell.text : (cell ?? ''));

/** In characters as people see them. */
const widthOf = (text: string): number => [...text].length;

/**
 * The lines of a table in plain text: two spaces between columns, no trailing blanks.
 *
 * @param columns none: a table without titles, flush on the left
 * @param rows a cell for each column
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
    const pieces = row.map((cell, nth): Piece => {
      const { text, style } = typeof cell === 'object' ? cell : { text: cell, style: undefined };
      const blanks = ' '.repeat((widths[nth] ?? 0) - widthOf(text));
      const isRight = columns[nth]?.align === 'right';
      const padded = isRight ? blanks + text : nth === row.length - 1 ? text : text + blanks;
      return { text: nth === 0 ? padded : GAP + padded, style: text === '' ? undefined : style };
    });
    return lineOf(pieces, width, isColoured);
  });
}

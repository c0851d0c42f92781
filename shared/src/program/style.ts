import { styleText } from 'node:util';

/** How a text looks on a terminal, in the words of `util.styleText`. */
export type Style = Parameters<typeof styleText>[0];

/** A text with its look. */
export interface Piece {
  readonly text: string;
  readonly style: Style | undefined;
}

/** Gives a text a look, where colours are wanted. */
export type Paint = (style: Style, text: string) => string;

/** @param isColoured whether colours are wanted; without, every text stays as it is */
export const painter = (isColoured: boolean): Paint =>
  isColoured ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;

/** Whether Node would colour what it writes to this stream: a terminal that can, and no NO_COLOR. */
export const takesColours = (stream: NodeJS.WritableStream): boolean =>
  styleText('bold', '-', { stream }) !== '-';

/** One line of at most `width` characters; what is cut off is shown as `…`. */
export function lineOf(pieces: readonly Piece[], width: number, isColoured: boolean): string {
  const paint = painter(isColoured);
  let left = width;
  const parts = pieces.map(({ text, style }) => {
    const characters = [...text];
    const shown = characters.length > left ? cut(characters, left) : text;
    left -= Math.min(characters.length, left);
    return style === undefined || shown === '' ? shown : paint(style, shown);
  });
  return parts.join('').trimEnd();
}

function cut(characters: readonly string[], width: number): string {
  return width <= 0 ? '' : `${characters.slice(0, width - 1).join('')}…`;
}

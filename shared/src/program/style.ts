import { styleText } from 'node:util';

/** The style of a text on a terminal, by the names of `util.styleText`. */
export type Style = Parameters<typeof styleText>[0];

/** A text with its style. */
export interface StyledText {
  readonly text: string;
  readonly style: Style | undefined;
}

/** Applies a style to a text if colours are enabled. */
export type Paint = (style: Style, text: string) => string;

/** @param isColoured whether colours are enabled; otherwise every text stays unchanged */
export const painter = (isColoured: boolean): Paint =>
  isColoured ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;

/** Whether Node would colour output to this stream: a terminal that supports it, and no NO_COLOR. */
export const takesColours = (stream: NodeJS.WritableStream): boolean =>
  styleText('bold', '-', { stream }) !== '-';

/** One line of at most `width` characters; a cut is shown as `…`. */
export function lineOf(pieces: readonly StyledText[], width: number, isColoured: boolean): string {
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

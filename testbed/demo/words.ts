/** Colors of a terminal by what they mean. */
export type Tone = 'good' | 'bad' | 'busy' | 'dim' | 'plain';

/** A piece of a line. */
export interface Piece {
  readonly text: string;
  readonly tone: Tone;
}

interface Look {
  readonly symbol: string;
  readonly tone: Tone;
}

const LOOKS: ReadonlyMap<string, Look> = new Map([
  ['pending', { symbol: '·', tone: 'dim' }],
  ['waiting_on_dependencies', { symbol: '·', tone: 'dim' }],
  ['waiting', { symbol: '…', tone: 'busy' }],
  ['running', { symbol: '●', tone: 'busy' }],
  ['success', { symbol: '✓', tone: 'good' }],
  ['failure', { symbol: '✗', tone: 'bad' }],
  ['error', { symbol: '!', tone: 'bad' }],
  ['killed', { symbol: '■', tone: 'bad' }],
  ['skipped', { symbol: '–', tone: 'dim' }],
]);

/** How a status looks. */
export function lookOf(status: string): Look {
  return LOOKS.get(status) ?? { symbol: '?', tone: 'plain' };
}

/** What the symbols mean, for people who see them for the first time. */
export const LEGEND =
  '✓ success  ✗ failure  ! error  ■ killed  – skipped  ● running  … waits for room  · to come';

const CODES: Readonly<Record<Tone, string>> = { good: '32', bad: '31', busy: '33', dim: '2', plain: '' };

/** One line of at most `width` characters; colored if asked. */
export function lineOf(pieces: readonly Piece[], width: number, colored: boolean): string {
  let left = width;
  const parts = pieces.map(({ text, tone }) => {
    const characters = [...text];
    const shown = characters.length > left ? cut(characters, left) : text;
    left -= Math.min(characters.length, left);
    return colored && CODES[tone] !== '' && shown !== '' ? `\u001b[${CODES[tone]}m${shown}\u001b[0m` : shown;
  });
  return parts.join('').trimEnd();
}

function cut(characters: readonly string[], width: number): string {
  return width <= 0 ? '' : `${characters.slice(0, width - 1).join('')}…`;
}

/** Milliseconds as seconds with one digit behind the point. */
export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

import { atStart, matcherOf, type Positions, parseGlob } from './glob.ts';

/** A segment of a pattern: what it matches. */
type Piece = ((segment: string) => boolean) | '**';

/** A trailing slash has no effect, as in the old library. */
const withoutTrailingSlash = (pieces: readonly string[]): readonly string[] =>
  pieces.length > 1 && pieces.at(-1) === '' ? pieces.slice(0, -1) : pieces;

function splitPattern(pattern: string): readonly string[] {
  const pieces = [''];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === '/') {
      pieces.push('');
      continue;
    }
    const taken = char === '\\' ? pattern.slice(at, at + 2) : char;
    pieces[pieces.length - 1] += taken;
    at += taken.length - 1;
  }
  return pieces;
}

function parsePieces(pattern: string): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (const text of withoutTrailingSlash(splitPattern(pattern))) {
    const nodes = text === '**' ? '**' : parseGlob(text, { choices: true });
    if (nodes === undefined) return undefined;
    pieces.push(nodes === '**' ? nodes : matcherOf(nodes));
  }
  return pieces;
}

/** The possible numbers of consumed value segments after one more pattern segment. */
function advance(piece: Piece, segments: readonly string[], from: Positions): Positions {
  if (piece === '**') return from.slice().fill(1, from.indexOf(1));
  const reached = new Uint8Array(from.length);
  for (let at = 0; at < segments.length; at += 1) {
    if (from[at] === 1 && piece(segments[at] ?? '')) reached[at + 1] = 1;
  }
  return reached;
}

/**
 * Whether a value matches a glob of conditions and namespace rules (previous-runner §3.8.2).
 * Compared segment by segment between `/`; a segment `**` spans any number of segments, at the end at least one. A malformed pattern never
 * matches.
 */
export function doublestarMatch(pattern: string, value: string): boolean {
  const pieces = parsePieces(pattern);
  if (pieces === undefined) return false;
  const segments = withoutTrailingSlash(value.split('/'));
  let positions = atStart(segments.length);
  for (const [index, piece] of pieces.entries()) {
    if (!positions.includes(1)) return false;
    const isLast = index === pieces.length - 1;
    if (isLast && piece === '**') return positions.indexOf(1) < segments.length;
    positions = advance(piece, segments, positions);
  }
  return positions[segments.length] === 1;
}

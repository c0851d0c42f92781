import { covers, type GlobNode, parseGlob } from './glob.ts';

type Piece = readonly GlobNode[] | '**';

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
    const piece = text === '**' ? '**' : parseGlob(text, { choices: true });
    if (piece === undefined) return undefined;
    pieces.push(piece);
  }
  return pieces;
}

/** Numbers are added in ascending order only, so the first one is the least. */
const leastOf = ([first = 0]: Iterable<number>): number => first;

/** The possible numbers of consumed value segments after one more pattern segment. */
function advance(piece: Piece, pieces: readonly string[], from: ReadonlySet<number>): ReadonlySet<number> {
  const reached = new Set<number>();
  if (piece === '**') {
    for (let at = leastOf(from); at <= pieces.length; at += 1) reached.add(at);
    return reached;
  }
  for (const at of from) {
    const text = pieces[at];
    if (text !== undefined && covers(piece, text)) reached.add(at + 1);
  }
  return reached;
}

/**
 * Whether a value matches a glob of conditions and namespace rules (previous-runner §3.8.2).
 * Compared segment by segment between `/`; a segment `**` spans any number of segments, at the end at least one. A malformed pattern never
 * matches.
 */
export function doublestarMatch(pattern: string, value: string): boolean {
  const patternPieces = parsePieces(pattern);
  if (patternPieces === undefined) return false;
  const pieces = withoutTrailingSlash(value.split('/'));
  let positions: ReadonlySet<number> = new Set([0]);
  for (const [index, piece] of patternPieces.entries()) {
    if (positions.size === 0) return false;
    const last = index === patternPieces.length - 1;
    if (last && piece === '**') return leastOf(positions) < pieces.length;
    positions = advance(piece, pieces, positions);
  }
  return positions.has(pieces.length);
}

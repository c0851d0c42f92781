import { atStart, type GlobNode, parseGlob, reach } from './glob.ts';

/** A pattern split at its stars: the first chunk has no star before it. */
function chunksOf(nodes: readonly GlobNode[]): readonly (readonly GlobNode[])[] {
  const chunks: GlobNode[][] = [[]];
  for (const node of nodes) {
    if (node.kind === 'run') chunks.push([]);
    else chunks.at(-1)?.push(node);
  }
  return chunks;
}

/** A chunk matches exactly one character per node. */
function chunkFits(chunk: readonly GlobNode[], chars: readonly string[], at: number): boolean {
  const part = chars.slice(at, at + chunk.length);
  return part.length === chunk.length && reach(chunk, part, atStart(part.length), true)[part.length] === 1;
}

/** The position of a chunk after a star: the first match before the next slash, or -1. */
function findChunk(
  chunk: readonly GlobNode[],
  chars: readonly string[],
  from: number,
  isLast: boolean,
): number {
  for (let at = from; at + chunk.length <= chars.length; at += 1) {
    const reachesEnd = !isLast || at + chunk.length === chars.length;
    if (reachesEnd && chunkFits(chunk, chars, at)) return at;
    if (chars[at] === '/') return -1;
  }
  return -1;
}

/**
 * Go's `path.Match`, the syntax of `DRONE_LIMIT_REPOS` and `DRONE_LIMIT_EVENTS` (previous-runner §1.3):
 * `*` and `?` don't cross `/`, classes may. A malformed pattern never matches.
 */
export function pathMatch(pattern: string, text: string): boolean {
  const nodes = parseGlob(pattern, { choices: false });
  if (nodes === undefined) return false;
  const chars = Array.from(text);
  const [first = [], ...rest] = chunksOf(nodes);
  if (!chunkFits(first, chars, 0)) return false;
  let end = first.length;
  for (const [index, chunk] of rest.entries()) {
    const at = findChunk(chunk, chars, end, index === rest.length - 1);
    if (at < 0) return false;
    end = at + chunk.length;
  }
  return end === chars.length;
}

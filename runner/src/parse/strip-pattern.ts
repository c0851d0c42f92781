import { atStart, type GlobNode, parseGlob, reach } from './glob.ts';

function mirrored(nodes: readonly GlobNode[]): readonly GlobNode[] {
  return nodes.toReversed();
}

/** The length of the match at the start of `chars`; at least one character. 0 = no match. */
function taken(nodes: readonly GlobNode[], chars: readonly string[], longest: boolean): number {
  const reached = reach(nodes, chars, atStart(chars.length), false);
  const at = longest ? reached.lastIndexOf(1) : reached.indexOf(1, 1);
  return Math.max(0, at);
}

/**
 * `${v#pattern}` and its three variants: the value without the shortest or longest match of the pattern at that end
 * (previous-runner §3.2). `*` matches `/`; a malformed pattern removes nothing.
 */
export function stripPattern(
  value: string,
  pattern: string,
  end: 'prefix' | 'suffix',
  longest: boolean,
): string {
  const nodes = parseGlob(pattern, { choices: false });
  if (nodes === undefined) return value;
  const chars = Array.from(value);
  if (end === 'prefix') return chars.slice(taken(nodes, chars, longest)).join('');
  const count = taken(mirrored(nodes), chars.toReversed(), longest);
  return chars.slice(0, chars.length - count).join('');
}

/**
 * The glob syntax that all pattern types build on: `*`, `?`, `[a-z]`, `[^a]`, `\x` and, if enabled, `{a,b}`.
 * Matching tracks a set of positions, so its cost is at most pattern × text, without backtracking.
 */

export type GlobNode =
  | { readonly kind: 'text'; readonly char: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'run' }
  | {
      readonly kind: 'class';
      readonly negated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    }
  | { readonly kind: 'choice'; readonly branches: readonly (readonly GlobNode[])[] };

/** Maximum nesting of alternatives; limits the recursion far below the stack size. */
const MAX_CHOICE_DEPTH = 50;

class Malformed extends Error {}

class GlobReader {
  private readonly chars: readonly string[];
  private readonly choices: boolean;
  private at = 0;

  constructor(pattern: string, choices: boolean) {
    this.chars = Array.from(pattern);
    this.choices = choices;
  }

  read(): readonly GlobNode[] {
    const nodes = this.sequence(0);
    if (this.at < this.chars.length) throw new Malformed();
    return nodes;
  }

  private next(): string {
    const char = this.chars[this.at];
    if (char === undefined) throw new Malformed();
    this.at += 1;
    return char;
  }

  private sequence(depth: number): GlobNode[] {
    const nodes: GlobNode[] = [];
    while (this.at < this.chars.length) {
      const char = this.chars[this.at];
      if (depth > 0 && (char === ',' || char === '}')) break;
      const node = this.node(depth);
      if (node.kind === 'run' && nodes.at(-1)?.kind === 'run') continue;
      nodes.push(node);
    }
    return nodes;
  }

  private node(depth: number): GlobNode {
    const char = this.next();
    switch (char) {
      case '*':
        return { kind: 'run' };
      case '?':
        return { kind: 'one' };
      case '[':
        return this.charClass();
      case '\\':
        return { kind: 'text', char: this.next() };
      case '{':
        return this.choices ? this.choice(depth + 1) : { kind: 'text', char };
      default:
        return { kind: 'text', char };
    }
  }

  private choice(depth: number): GlobNode {
    if (depth > MAX_CHOICE_DEPTH) throw new Malformed();
    const branches = [this.sequence(depth)];
    while (this.next() === ',') branches.push(this.sequence(depth));
    return { kind: 'choice', branches };
  }

  private charClass(): GlobNode {
    const negated = this.chars[this.at] === '^';
    if (negated) this.at += 1;
    const ranges: (readonly [string, string])[] = [];
    while (this.chars[this.at] !== ']' || ranges.length === 0) ranges.push(this.range());
    this.at += 1;
    return { kind: 'class', negated, ranges };
  }

  private range(): readonly [string, string] {
    const low = this.member();
    if (this.chars[this.at] !== '-') return [low, low];
    this.at += 1;
    return [low, this.member()];
  }

  private member(): string {
    const char = this.next();
    if (char === '-' || char === ']') throw new Malformed();
    return char === '\\' ? this.next() : char;
  }
}

/** Parses a pattern; undefined if it is malformed. `choices` enables `{a,b}`. */
export function parseGlob(
  pattern: string,
  options: { readonly choices: boolean },
): readonly GlobNode[] | undefined {
  try {
    return new GlobReader(pattern, options.choices).read();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

const codeOf = (char: string): number => char.codePointAt(0) ?? 0;

function accepts(node: GlobNode, char: string, slashIsSpecial: boolean): boolean {
  switch (node.kind) {
    case 'text':
      return node.char === char;
    case 'one':
    case 'run':
      return !(slashIsSpecial && char === '/');
    case 'class': {
      const code = codeOf(char);
      return node.ranges.some(([low, high]) => codeOf(low) <= code && code <= codeOf(high)) !== node.negated;
    }
    case 'choice':
      return false;
  }
}

/** Positions in a text of n characters, 0 to n. */
export type Positions = Uint8Array;

function stepChoice(
  branches: readonly (readonly GlobNode[])[],
  chars: readonly string[],
  from: Positions,
  slashIsSpecial: boolean,
): Positions {
  const reached = new Uint8Array(from.length);
  // As in the old library, alternatives need at least one character left, even if one of them is empty.
  const begins = from.slice();
  begins[chars.length] = 0;
  for (const branch of branches) {
    const after = reach(branch, chars, begins, slashIsSpecial);
    for (let at = 0; at < after.length; at += 1) if (after[at] === 1) reached[at] = 1;
  }
  return reached;
}

function step(node: GlobNode, chars: readonly string[], from: Positions, slashIsSpecial: boolean): Positions {
  if (node.kind === 'choice') return stepChoice(node.branches, chars, from, slashIsSpecial);
  const reached: Positions = node.kind === 'run' ? from.slice() : new Uint8Array(from.length);
  const begins = node.kind === 'run' ? reached : from;
  for (let at = 0; at < chars.length; at += 1) {
    if (begins[at] === 1 && accepts(node, chars[at] ?? '', slashIsSpecial)) reached[at + 1] = 1;
  }
  return reached;
}

/** The positions after a match of the pattern that starts at any of `from`. */
export function reach(
  nodes: readonly GlobNode[],
  chars: readonly string[],
  from: Positions,
  slashIsSpecial: boolean,
): Positions {
  let positions = from;
  for (const node of nodes) {
    if (!positions.includes(1)) return positions;
    positions = step(node, chars, positions, slashIsSpecial);
  }
  return positions;
}

/** The set with only position 0, of a text of so many characters. */
export function atStart(length: number): Positions {
  const positions = new Uint8Array(length + 1);
  positions[0] = 1;
  return positions;
}

/** Retries with the last `*` matching one more character; the nodes after it are compared again. */
interface Retry {
  readonly node: number;
  readonly at: number;
}

/**
 * Compares without choices and without a set of positions. Only the last `*` has to be tried again: a longer match of an earlier one
 * leaves less text for the same rest.
 */
function coversPlain(nodes: readonly GlobNode[], chars: readonly string[]): boolean {
  let node = 0;
  let at = 0;
  let retry: Retry | undefined;
  while (at < chars.length || node < nodes.length) {
    const current = nodes[node];
    if (current?.kind === 'run') {
      node += 1;
      retry = { node, at };
      continue;
    }
    const char = chars[at];
    if (current !== undefined && char !== undefined && accepts(current, char, false)) {
      node += 1;
      at += 1;
      continue;
    }
    if (retry === undefined || retry.at >= chars.length) return false;
    retry = { node: retry.node, at: retry.at + 1 };
    ({ node, at } = retry);
  }
  return true;
}

/** A test of whether the pattern matches a whole text, which has no slash. */
export function matcherOf(nodes: readonly GlobNode[]): (text: string) => boolean {
  if (nodes.every((node) => node.kind === 'text')) {
    const literal = nodes.map(({ char }) => char).join('');
    return (text) => text === literal;
  }
  if (!nodes.some(({ kind }) => kind === 'choice')) return (text) => coversPlain(nodes, Array.from(text));
  return (text) => {
    const chars = Array.from(text);
    return reach(nodes, chars, atStart(chars.length), false)[chars.length] === 1;
  };
}

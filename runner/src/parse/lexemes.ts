import { Lexer } from 'yaml';

const NESTING: Readonly<Record<string, number>> = { '[': 1, '{': 1, ']': -1, '}': -1 };
/** The lexer's announcement that its next word is a scalar, whatever it looks like. */
const SCALAR_FOLLOWS = '\x1f';
/** Where the lexer keeps how far a line must be indented. Private there, pinned with its version, held by a test here. */
const INDENT = 'indentNext';

/**
 * The words of a YAML text as the library's lexer finds them, but with YAML 1.1's freedom between brackets: there indentation
 * means nothing, so that files which the old runner took (`commands: [` and the items below, not indented) are still taken.
 */
export function* lexemes(text: string): Generator<string> {
  const lexer = new Lexer();
  let depth = 0;
  let outerIndent: unknown;
  let isScalar = false;
  for (const lexeme of lexer.lex(text)) {
    yield lexeme;
    const step = isScalar ? 0 : (NESTING[lexeme] ?? 0);
    isScalar = lexeme === SCALAR_FOLLOWS;
    if (step === 0 || depth + step < 0) continue;
    if (depth === 0) outerIndent = Reflect.get(lexer, INDENT);
    depth += step;
    Reflect.set(lexer, INDENT, depth === 0 ? outerIndent : 0);
  }
}

import { Lexer } from 'yaml';

const NESTING: Readonly<Record<string, number>> = { '[': 1, '{': 1, ']': -1, '}': -1 };
/** The lexer's marker that the next token is a scalar, whatever it looks like. */
const SCALAR_FOLLOWS = '\x1f';
/**
 * The lexer's field with the minimum indentation of a line. It is private in the library, whose version is pinned; a test here verifies it.
 */
const INDENT = 'indentNext';

/** The lexer's method for a quoted text, private likewise. */
const QUOTED = 'parseQuotedScalar';

/** In YAML 1.1 a quoted text may continue in any column. */
function ignoreIndentInQuotes(lexer: Lexer): void {
  const quoted = Reflect.get(lexer, QUOTED) as () => Generator<string, unknown>;
  Reflect.set(lexer, QUOTED, function* (): Generator<string, unknown> {
    const outer: unknown = Reflect.get(lexer, INDENT);
    Reflect.set(lexer, INDENT, 0);
    const next = yield* quoted.call(lexer);
    Reflect.set(lexer, INDENT, outer);
    return next;
  });
}

const isDash = (lexeme: string, isScalar: boolean): boolean => lexeme === '-' && !isScalar;

/**
 * The tokens of a YAML text from the library's lexer, but with YAML 1.1's rules for brackets and quotes: inside them indentation is
 * ignored, and a dash alone is a text, so that files that the old runner accepted (`commands: [` and unindented items below,
 * `command: [tar, -xf, -]`) are still accepted.
 */
export function* lexemes(text: string): Generator<string> {
  const lexer = new Lexer();
  ignoreIndentInQuotes(lexer);
  let depth = 0;
  let outerIndent: unknown;
  let isScalar = false;
  for (const lexeme of lexer.lex(text)) {
    const isText = depth > 0 && isDash(lexeme, isScalar);
    if (isText) yield SCALAR_FOLLOWS;
    yield lexeme;
    const step = isScalar ? 0 : (NESTING[lexeme] ?? 0);
    isScalar = lexeme === SCALAR_FOLLOWS;
    if (step === 0 || depth + step < 0) continue;
    if (depth === 0) outerIndent = Reflect.get(lexer, INDENT);
    depth += step;
    Reflect.set(lexer, INDENT, depth === 0 ? outerIndent : 0);
  }
}

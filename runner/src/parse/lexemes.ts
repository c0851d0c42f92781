import { Lexer } from 'yaml';

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
    if (!isScalar && (lexeme === '[' || lexeme === '{')) {
      if (depth === 0) outerIndent = Reflect.get(lexer, INDENT);
      depth += 1;
      Reflect.set(lexer, INDENT, 0);
    }
    if (!isScalar && depth > 0 && (lexeme === ']' || lexeme === '}')) {
      depth -= 1;
      if (depth === 0) Reflect.set(lexer, INDENT, outerIndent);
    }
    isScalar = lexeme === SCALAR_FOLLOWS;
  }
}

import ts from 'typescript';
import type { StyledText } from './style.ts';

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** What is code or an address in Markdown: fenced blocks, comments, code spans, targets of links. */
const NOT_PROSE = [/^```[\s\S]*?^```/gm, /<!--[\s\S]*?-->/g, /`[^`\n]*`/g, /\]\([^)\s]*\)/g];
const MARKUP = [/<script[\s\S]*?<\/script>/g, /<style[\s\S]*?<\/style>/g, /<!--[\s\S]*?-->/g, /<[^>]*>/g];

const without = (text: string, parts: readonly RegExp[]): string =>
  parts.reduce((rest, part) => rest.replace(part, blank), text);

/** The prose of a Markdown page. Pure. */
export const proseOf = (path: string, page: string): readonly StyledText[] => [
  { path, line: 1, text: without(page, NOT_PROSE) },
];

/** The text of a page or of a template. Pure. */
export const markupText = (path: string, page: string): readonly StyledText[] => [
  { path, line: 1, text: without(page, [...MARKUP, /\{\{[\s\S]*?\}\}/g]) },
];

/** A text that a user may read: at least two words. */
const SENTENCE = /[a-z]{2,}[,;:.]? [a-z(`"]/i;

/** The string literals of a source that hold sentences. Pure. */
export function literalsOf(path: string, source: string): readonly StyledText[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const found: StyledText[] = [];
  const visit = (node: ts.Node): void => {
    const text = textOf(node);
    if (text !== undefined && SENTENCE.test(text)) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      found.push({ path, line: line + 1, text: without(text, [/`[^`\n]*`/g]) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The same of a Go source; strings between backquotes are not read. Pure. */
export function goLiteralsOf(path: string, source: string): readonly StyledText[] {
  return source.split('\n').flatMap((text, index) =>
    [...text.replace(/(^|\s)\/\/.*$/, '').matchAll(/"((?:[^"\\]|\\.)*)"/g)]
      .map(([, literal = '']) => literal)
      .filter((literal) => SENTENCE.test(literal))
      .map((literal) => ({ path, line: index + 1, text: without(literal, [/`[^`]*`/g]) })),
  );
}

/** The text of a literal; of a template only its own text, not what is put in. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return ts.isImportDeclaration(node.parent) ? undefined : node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…');
}

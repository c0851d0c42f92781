/** A word that texts must not contain, and what replaces it. */
export interface StyleRule {
  readonly pattern: RegExp;
  readonly words: string;
  readonly instead: string;
}

/** A text that users read. */
export interface StyledText {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

const TABLE = /^\| instead of \| write \|\n\|[ -|]+\|\n((?:\|.*\|\n)+)/m;

/** The rules in the table of docs/STYLE.md. Pure. */
export function styleRules(page: string): readonly StyleRule[] {
  const rows = TABLE.exec(page)?.[1]?.trim().split('\n') ?? [];
  return rows.flatMap((row) => {
    const [, banned = '', instead = ''] = row.split('|').map((cell) => cell.trim());
    return banned.split(', ').map((words) => ({ pattern: patternOf(words), words, instead }));
  });
}

/** Whole words, also where a line break is between them. */
const patternOf = (words: string): RegExp =>
  new RegExp(String.raw`(?<![\w-])${words.split(' ').join(String.raw`\s+`)}(?![\w-])`, 'gi');

/** `path:line: "word" ...` for each word that a rule replaces. Pure. */
export function styleProblems(texts: readonly StyledText[], rules: readonly StyleRule[]): readonly string[] {
  return texts.flatMap(({ path, line, text }) =>
    rules.flatMap(({ pattern, instead }) =>
      [...text.matchAll(pattern)].map(({ 0: found, index }) => {
        const at = line + text.slice(0, index).split('\n').length - 1;
        return `${path}:${at}: "${found.replace(/\s+/g, ' ')}": write ${instead} (docs/STYLE.md)`;
      }),
    ),
  );
}

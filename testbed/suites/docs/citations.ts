/** What may be cited. */
export interface Targets {
  /** Section numbers by the page's name, such as `drone-rpc`. */
  readonly sections: ReadonlyMap<string, ReadonlySet<string>>;
  /** Numbers of known issues. */
  readonly issues: ReadonlySet<string>;
  /** Numbers of decision records, four digits. */
  readonly decisions: ReadonlySet<string>;
}

/** Something in a text that cites. */
interface Found {
  readonly at: number;
  /** Why it leads nowhere; undefined where it resolves. */
  readonly problem: string | undefined;
}

/** Citations of one text: how many there are, and `path:line: why` for each that leads nowhere. */
export interface Citations {
  readonly count: number;
  readonly problems: readonly string[];
}

type Finder = (path: string, text: string, targets: Targets) => readonly Found[];

const NUMBER = String.raw`\d+(?:\.\d+)*`;
/** `drone-rpc §2.4, §2.5`, with the word before it. */
const SECTIONS = new RegExp(
  String.raw`(?:([\w./-]+)\s+)?§(${NUMBER}(?:(?:(?:,|\s+and|\s+to)\s+§|–§?)${NUMBER})*)`,
  'g',
);
const ISSUES = /\bknown\s+issues?\s+(\d+(?:(?:,\s+(?:and\s+)?|\s+(?:and|to)\s+)\d+)*)/gi;
const DECISION = /\bdecisions\/(\d+)|\bdecisions?\s+(?:records?\s+)?(\d{4})\b/gi;
const PAGE = /\bdocs\/reference\/([\w-]+)\.md/g;
const OLD_FORM =
  /\b(?:runner-spec|drone-rpc-spec|shared\/reference|(?:gate|capacity|testbed|libraries)\.md\s+§|weakness(?:es)?\s+\d+|Appendix\s+[A-C]\b)/gi;
const ISSUE_NUMBERS = String.raw`[1-9]\d?(?:(?:,| and) [1-9]\d?)*`;
/** A bare number at the end of a test's name or table row, or before its name. */
const BARE_IN_TEST = new RegExp(
  String.raw`\p{L} \(${ISSUE_NUMBERS}\)(?=['"\x60,])|(?<=\b(?:it|test|describe)\(['"\x60])\d{1,2}(?=: )`,
  'gu',
);
/** A bare number at the end of a sentence in a comment. */
const BARE_IN_COMMENT = new RegExp(
  String.raw`(?<=(?:\*|//) .*\p{L}) \(${ISSUE_NUMBERS}\)(?=\.(?: |$))`,
  'gmu',
);

const ALLOWED_ALONE = /^docs\/reference\/([\w-]+)\.md$/;

const numbersOf = (text: string): readonly string[] => text.match(new RegExp(NUMBER, 'g')) ?? [];

const sections: Finder = (path, text, targets) =>
  [...text.matchAll(SECTIONS)].map(({ index, 0: whole, 1: word = '', 2: numbers = '' }) => {
    const page = targets.sections.has(word) ? word : ALLOWED_ALONE.exec(path)?.[1];
    const there = page === undefined ? undefined : targets.sections.get(page);
    const at = index + whole.indexOf('§');
    if (there === undefined) return { at, problem: `§${numbers} names no page of docs/reference` };
    const missing = numbersOf(numbers).filter((number) => !there.has(number));
    return { at, problem: missing.length ? `${page} has no §${missing.join(', §')}` : undefined };
  });

const issues: Finder = (_, text, targets) =>
  [...text.matchAll(ISSUES)].map(({ index, 1: numbers = '' }) => {
    const missing = numbersOf(numbers).filter((number) => !targets.issues.has(number));
    return {
      at: index,
      problem: missing.length ? `docs/known-issues.md has no row ${missing.join(', ')}` : undefined,
    };
  });

const decisions: Finder = (_, text, targets) =>
  [...text.matchAll(DECISION)].map(({ index, 1: path, 2: number = path ?? '' }) => ({
    at: index,
    problem: targets.decisions.has(number) ? undefined : `docs/decisions has no record ${number}`,
  }));

const pages: Finder = (_, text, targets) =>
  [...text.matchAll(PAGE)].map(({ index, 1: page = '' }) => ({
    at: index,
    problem: targets.sections.has(page) ? undefined : `docs/reference has no page ${page}.md`,
  }));

const oldForms: Finder = (_, text) =>
  [...text.matchAll(OLD_FORM)].map(({ index, 0: form }) => ({
    at: index,
    problem: `"${form.replace(/\s+/g, ' ')}" is an old form`,
  }));

const bareNumbers: Finder = (path, text) =>
  [
    ...(/\.(?:test|suite)\.ts$/.test(path) ? text.matchAll(BARE_IN_TEST) : []),
    ...(path.endsWith('.md') ? [] : text.matchAll(BARE_IN_COMMENT)),
  ].map(({ index, 0: form }) => ({
    at: index,
    problem: `"${form.trim()}": write "known issue" before the number`,
  }));

const FINDERS = [sections, issues, decisions, pages, oldForms, bareNumbers] as const;

/** The same text with the stars and slashes that begin lines of comments blanked, so that a citation may go over two lines. */
const joined = (text: string): string =>
  text.replace(/\n[ \t]*(?:\*(?!\/)|\/\/)/g, (lead) => lead.replace(/[^\n]/g, ' '));

const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length;

/** Looks at all citations of one file. Pure. @param path from the clone's root */
export function citationsOf(path: string, text: string, targets: Targets): Citations {
  const flat = joined(text);
  const found = FINDERS.flatMap((find) => find(path, find === bareNumbers ? text : flat, targets));
  const bad = found.flatMap(({ at, problem }) => (problem === undefined ? [] : [{ at, problem }]));
  return {
    count: found.length,
    problems: bad
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, problem }) => `${path}:${lineOf(text, at)}: ${problem}`),
  };
}

/** Section numbers of a page of docs/reference, in order: of headings and of table rows that begin with one. Pure. */
export const sectionNumbers = (page: string): readonly string[] =>
  [...page.matchAll(/^(?:#{2,} (\d+(?:\.\d+)*)\.? |\| (\d+(?:\.\d+)+) \|)/gm)].map(
    ([, heading, row = '']) => heading ?? row,
  );

/** Numbers of the rows of docs/known-issues.md, in order. Pure. */
export const issueNumbers = (page: string): readonly string[] =>
  [...page.matchAll(/^\| (\d+) \|/gm)].map(([, number = '']) => number);

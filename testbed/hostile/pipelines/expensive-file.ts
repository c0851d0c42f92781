/** A pipeline file that is designed to be expensive, at any size. */
export interface ExpensiveFile {
  readonly name: string;
  /** A file of about this many characters. */
  readonly make: (chars: number) => string;
  /** Variables of the file's expressions; an author controls those of branches and commit messages. */
  readonly variables?: (chars: number) => Readonly<Record<string, string>>;
  /** The ref of the build, in place of a usual one. */
  readonly ref?: string;
}

/** The beginning of a pipeline. */
export const HEAD = 'kind: pipeline\ntype: kubernetes\nname: default\n';
/** One step. */
export const STEP = '- name: a\n  image: alpine\n';

/** Repeats a text to about `chars` characters. */
export const filled = (chars: number, text: string): string =>
  text.repeat(Math.max(1, Math.floor(chars / text.length)));

/** Numbered texts, together about `chars` characters. */
export function numbered(chars: number, make: (index: number) => string): string {
  const parts: string[] = [];
  for (let length = 0; length < chars; length += parts.at(-1)?.length ?? 1) parts.push(make(parts.length));
  return parts.join('');
}

/** A pipeline of the steps in a text. */
export const steps = (text: string): string => `${HEAD}steps:\n${text}`;
/** For files whose size is the square of a number. */
export const root = (chars: number): number => Math.ceil(Math.sqrt(chars));

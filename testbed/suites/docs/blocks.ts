/** What a test does with a block, by the comment before it. */
export type BlockMark =
  /** Commands. `here` needs no cluster. `until`: it continues in a terminal of its own, and has started when it prints that. */
  | {
      readonly kind: 'run';
      readonly where: 'here' | 'real';
      readonly says: string | undefined;
      readonly until: string | undefined;
    }
  /** Not run, or not checked, and why. */
  | { readonly kind: 'not run' | 'not checked'; readonly why: string }
  /** A pipeline; with a name, commands of the page find it in that file. */
  | { readonly kind: 'pipeline'; readonly trusted: boolean; readonly file: string | undefined }
  /** Values of the chart, or any other file. */
  | { readonly kind: 'values'; readonly file: string | undefined }
  | { readonly kind: 'file'; readonly file: string };

/** A fenced block of a page. */
export interface Block {
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** The word behind the fence; empty where there is none. */
  readonly language: string;
  readonly text: string;
  /** Undefined: no comment, or none that is known. */
  readonly mark: BlockMark | undefined;
}

const FENCE = /^```(\S*)\s*$/;
const COMMENT = /^<!-- (.+) -->$/;

/** All blocks of a page, in order. A comment marks the block when only empty lines are between. Pure. */
export function blocksOf(page: string): readonly Block[] {
  const lines = page.split('\n');
  const blocks: Block[] = [];
  let comment: string | undefined;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const [, language] = FENCE.exec(line) ?? [];
    if (language === undefined) {
      if (line.trim() !== '') comment = COMMENT.exec(line.trim())?.[1];
      continue;
    }
    const end = lines.findIndex((other, index) => index > at && other.startsWith('```'));
    const last = end < 0 ? lines.length : end;
    const text = lines.slice(at + 1, last).join('\n');
    blocks.push({
      line: at + 1,
      language,
      text: `${text}\n`,
      mark: comment === undefined ? undefined : markOf(comment),
    });
    comment = undefined;
    at = last;
  }
  return blocks;
}

const MARKS: Readonly<Record<BlockMark['kind'], (rest: string) => BlockMark | undefined>> = {
  run: runOf,
  'not run': (why) => (why === '' ? undefined : { kind: 'not run', why }),
  'not checked': (why) => (why === '' ? undefined : { kind: 'not checked', why }),
  pipeline: pipelineOf,
  values: (file) => ({ kind: 'values', file: file || undefined }),
  file: (file) => (file === '' ? undefined : { kind: 'file', file }),
};
const isKind = (word: string): word is BlockMark['kind'] => Object.hasOwn(MARKS, word);

/** The mark of a comment; undefined: it is not a mark. Pure. */
export function markOf(comment: string): BlockMark | undefined {
  const [, kind = '', rest = ''] = /^([a-z ]+)(?:: (.+))?$/.exec(comment) ?? [];
  return isKind(kind) ? MARKS[kind](rest) : undefined;
}

function runOf(rest: string): BlockMark | undefined {
  const [, where, word, text] = /^(here|real)(?:; (says|until): (.+))?$/.exec(rest) ?? [];
  if (where !== 'here' && where !== 'real') return undefined;
  return {
    kind: 'run',
    where,
    says: word === 'says' ? text : undefined,
    until: word === 'until' ? text : undefined,
  };
}

function pipelineOf(rest: string): BlockMark {
  const words = rest.split(', ').filter((word) => word !== '');
  const [file] = words.filter((word) => word !== 'trusted');
  return { kind: 'pipeline', trusted: words.includes('trusted'), file };
}

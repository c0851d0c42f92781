import { EXPRESSION_PIECES } from '@hangar/runner/parse-testing';
import { substitutedText } from '@hangar/runner/pipeline-file';
import fc from 'fast-check';
import type { Adversary, Area } from '../area.ts';

const LIMIT_BYTES = 1024 * 1024;
/** Larger files are handled in a process of their own (edges/parse-in-process.ts), and are in the area of pipelines. */
const LARGEST_CHARS = 16 * 1024;
/** Values that an author controls: names of branches, commit messages. */
const VARIABLES = { a: 'a', b: `${'a/'.repeat(60)}b`, long: 'aab'.repeat(200), empty: '', '*': 'x' };

/** Replaces the expressions of a text; a refusal with a text for the author is a valid result. */
function feed(yaml: string): Promise<void> {
  try {
    substitutedText({ yaml, variables: VARIABLES, limitBytes: LIMIT_BYTES });
  } catch (error) {
    if (!(error instanceof Error && error.name === 'PipelineError')) throw error;
  }
  return Promise.resolve();
}

const filled = (name: string, text: string): Adversary<string> => ({
  name,
  make: (chars) => text.repeat(Math.max(1, Math.floor(chars / text.length))),
});
const nested = (name: string, open: string, close: string): Adversary<string> => ({
  name,
  make: (chars) => {
    const depth = Math.floor(chars / (open.length + close.length));
    return open.repeat(depth) + close.repeat(depth);
  },
});

const ADVERSARIES: readonly Adversary<string>[] = [
  filled('starts of expressions', '${'),
  filled('dollars', '$'),
  filled('escaped dollars', '$${a}'),
  filled('variables', '${a}'),
  filled('unknown variables', '${zz}'),
  filled('replacements without a match', '${b//zz/y}'),
  filled('patterns with stars', '${b##*a*a*z}'),
  filled('defaults', '${zz:-x}'),
  filled('substrings', '${b:0:8}'),
  nested('nested defaults', '${zz:-', '}'),
  nested('nested patterns', '${a#', '}'),
];

const generated = fc
  .array(
    fc.oneof(
      fc.constantFrom(...EXPRESSION_PIECES, 'a', 'b', 'zz', '${a', '${b/'),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''));

/** `${…}` expressions of pipeline files. */
export const SUBSTITUTIONS: Area<string> = {
  name: 'substitutions',
  adversaries: ADVERSARIES,
  generated,
  feed,
  largestChars: LARGEST_CHARS,
};

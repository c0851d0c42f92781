import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FAILURES, isFailureCode } from './failures.ts';

const src = new URL('../', import.meta.url);
const sources = globSync('**/*.ts', { cwd: src })
  .filter(
    (path) => !path.endsWith('.test.ts') && !path.includes('testing/') && path !== 'pipeline/failures.ts',
  )
  .map((path) => ({ path, text: readFileSync(new URL(path, src), 'utf8') }));

const codesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, code = '']) => code);

/** The words of a union type: `type Name = 'a' | 'b';`. */
function wordsOf(name: string): string[] {
  const [declaration = ''] = sources.flatMap(
    ({ text }) => new RegExp(`type ${name} =[^;]*;`).exec(text)?.[0] ?? [],
  );
  return codesIn(declaration, /'([^']+)'/g);
}

/** The codes that the sources use: of errors, of the compiler's refusals, of a Pod's troubles, and the time-out. */
const used = new Set([
  ...sources.flatMap(({ text }) => codesIn(text, /new PipelineError\(\s*'([^']+)'/g)),
  ...sources
    .filter(({ text }) => text.includes("refuse.ts'"))
    .flatMap(({ text }) => codesIn(text, /\brefuse\(\s*'([^']+)'/g)),
  ...wordsOf('Refusal'),
  ...wordsOf('TroubleCode'),
  'timed-out',
]);

describe('the closed list of failures', () => {
  it('holds every code that the sources use, and none that they do not', () => {
    expect([...used].sort()).toEqual(Object.keys(FAILURES).sort());
  });

  it('finds codes where they are: in errors, refusals and troubles', () => {
    expect([...used]).toEqual(expect.arrayContaining(['yaml', 'invalid-pipeline', 'image-not-found']));
  });

  it('lets no source make an error with a code that can’t be read off', () => {
    const made = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/new PipelineError\(\s*(.)/g)].map(([, first]) => ({ path, first })),
    );

    // These pass a code on: compile/refuse.ts one of the type Refusal, edges/parse-in-process.ts that of the error in the process.
    const passing = ['compile/refuse.ts', 'edges/parse-in-process.ts'];
    expect(made.filter(({ path, first }) => first !== "'" && !passing.includes(path))).toEqual([]);
  });

  it('says for each what happened and what helps, in whole sentences', () => {
    for (const { meaning, cure } of Object.values(FAILURES)) {
      expect(meaning).toMatch(/^[A-Z].*\.$/);
      expect(cure).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('knows its own words and no others, such as those of every object', () => {
    expect(isFailureCode('evicted')).toBe(true);
    expect(isFailureCode('toString')).toBe(false);
  });
});

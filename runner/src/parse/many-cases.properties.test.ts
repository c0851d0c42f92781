import fc from 'fast-check';
import { describe, it } from 'vitest';
import { isLabelValue, slug } from '../compile/kubernetes-names.ts';
import { absolutePath } from '../compile/workspace.ts';
import { parseDotenv } from '../config/dotenv.ts';
import { cleanMountPath, reservedFolder } from '../lint/mount-path.ts';
import { expandImage, parseReference } from '../pipeline/image-reference.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { splitDocuments } from './documents.ts';
import { GlobMatcher } from './glob-matcher.ts';
import { unknownKey } from './known-keys.ts';
import { settingValue } from './settings.ts';
import { substitute, substituteAll } from './substitute.ts';
import { EXPRESSION_PIECES } from './testing/arbitraries.ts';
import { resolveScalar, wholeNumber } from './yaml-scalar.ts';
import { parseYamlTree } from './yaml-tree.ts';

/** Many small inputs, so that rare combinations come up: together with the other properties (settings, linter, compiler) over 100,000 in each run of the tests. */
const numRuns = 15_000;
const TIMEOUT_MS = 300_000;

const piecesOf = (...pieces: string[]) =>
  fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''));

/** Whether nothing but PipelineError is thrown, and the same comes out twice. */
function endsAlike(work: () => unknown): boolean {
  const outcome = (): string => {
    try {
      return JSON.stringify(work(), (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
    } catch (error) {
      if (error instanceof PipelineError) return `${error.code}: ${error.message}`;
      throw error;
    }
  };
  return outcome() === outcome();
}

const scalar = (text: string, tag: string, plain: boolean) =>
  ({ kind: 'scalar', text, plain, tag, line: 1, column: 1, weight: 1, depth: 0 }) as const;
const numerals = piecesOf(...'0 1 7 9 . _ + - e E x o b f 0x 0b : inf nan y no ~ null true'.split(' '));
const tags = fc.constantFrom('', '', '!!int', '!!float', '!!bool', '!!null', '!!binary', '!own');

describe('many small inputs', { timeout: TIMEOUT_MS }, () => {
  it('substitution ends, and finds each error that it throws', () => {
    const expressions = piecesOf(...EXPRESSION_PIECES, 'A', 'a b', '\n');
    const variables = { A: 'x y', a: 'multi\nline', ö: '' };
    fc.assert(
      fc.property(expressions, (text) => {
        const { errors, text: done } = substituteAll(text, variables);
        const [first] = errors;
        if (first === undefined) return substitute(text, variables) === done;
        return endsAlike(() => substitute(text, variables)) && first.place !== undefined;
      }),
      { numRuns },
    );
  });

  it('scalars have a value or an error, and whole numbers are exact', () => {
    fc.assert(
      fc.property(numerals, tags, fc.boolean(), (text, tag, plain) => {
        const whole = wholeNumber(text);
        return (
          endsAlike(() => resolveScalar(scalar(text, tag, plain))) &&
          (whole === undefined || Number.isSafeInteger(whole))
        );
      }),
      { numRuns },
    );
  });

  it('settings of plugins become text', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(numerals, tags), { maxLength: 3 }), fc.boolean(), (texts, isMap) => {
        const items = texts.map(([text, tag]) => scalar(text, tag, true));
        const place = { line: 1, column: 1, weight: 1, depth: 1 };
        return endsAlike(() =>
          isMap
            ? settingValue({ kind: 'map', entries: items.map((one) => [one, one] as const), ...place })
            : settingValue({ kind: 'seq', items, ...place }),
        );
      }),
      { numRuns },
    );
  });

  it('small texts are YAML or have an error with a place', () => {
    const yaml = piecesOf(
      ...'a b : , - [ ] { } " \' & * ! | > # ? % @ <<: ~'.split(' '),
      ' ',
      '\n',
      '\n  ',
      '---\n',
      '&a ',
      '*a',
      '- ',
      ': ',
    );
    fc.assert(
      fc.property(yaml, (text) =>
        splitDocuments(text).every((document) => {
          try {
            parseYamlTree(document);
            return true;
          } catch (error) {
            return error instanceof PipelineError && error.place !== undefined;
          }
        }),
      ),
      { numRuns },
    );
  });

  it('globs match alike twice', () => {
    const globs = piecesOf(...'* ** ? [ ] [a-z] [^x] { , } \\ / a b é'.split(' '));
    const names = piecesOf('a', 'b', '/', 'é', '.');
    fc.assert(
      fc.property(globs, names, (glob, name) => endsAlike(() => new GlobMatcher().matches(glob, name))),
      { numRuns },
    );
  });

  it('names, images and paths are made valid or left alone', () => {
    const names = piecesOf(...'a B 0 - _ . / : @ é 日 sha256: localhost 5000 .. //'.split(' '), ' ');
    fc.assert(
      fc.property(names, (name) => {
        const image = expandImage(name);
        const isStable = parseReference(name) === undefined ? image === name : expandImage(image) === image;
        const path = absolutePath(name);
        const isClean = path.startsWith('/') && !path.split('/').includes('..');
        reservedFolder(cleanMountPath(name, 'linux'));
        return isStable && isClean && isLabelValue(slug(name));
      }),
      { numRuns },
    );
  });

  it('environment files and unknown keys are read or have a reason', () => {
    const lines = piecesOf('A', '=', ':', '#', ' ', '"', "'", '\\', '\n', 'export ', '$', 'é');
    fc.assert(
      fc.property(lines, (text) => {
        try {
          parseDotenv(text);
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'DotenvError') return false;
        }
        return unknownKey(text, 'step')?.includes('is ignored') !== false;
      }),
      { numRuns },
    );
  });
});

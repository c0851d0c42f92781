import { longestTurnMs } from '@hangar/shared/testing/cpu-time';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { substitute } from './substitute.ts';
import { EXPRESSION_PIECES } from './testing/arbitraries.ts';

const VARIABLES = {
  v: 'hello/wörld.tar.gz',
  w: 'W',
  e: '',
  p: 'aXbXc',
  minus2: '-2',
  star: 'a*b',
  lines: 'say "hi"\nbye',
};

const table = (rows: readonly (readonly [string, string])[]): void => {
  it.each(rows)('%s → %s', (text, want) => {
    expect(substitute(text, VARIABLES)).toBe(want);
  });
};

const errors = (message: string, texts: readonly string[]): void => {
  it.each(texts)(`%s → error "${message}"`, (text) => {
    expect(() => substitute(text, VARIABLES)).toThrow(new PipelineError('substitution', message));
  });
};

// The expected values are those of envsubst 1.0.3, unless the reference document decides otherwise.
describe('substitute: outside expressions', () => {
  table([
    ['$v $(ls) $((1+1)) $', '$v $(ls) $((1+1)) $'],
    ['$$', '$'],
    ['$$$', '$$'],
    ['$${w}', '${w}'],
    ['$$${w}', '$W'],
    ['$$$${w}', '$${w}'],
    ['# comments too: ${w}', '# comments too: W'],
  ]);

  describe('backslashes stay unchanged (a defect of the old library, previous-runner §10)', () => {
    table([
      ['echo "a\\\\nb" \\/ \\x', 'echo "a\\\\nb" \\/ \\x'],
      ['\\${w}', '\\W'],
      ['\\$${w}', '\\${w}'],
    ]);
  });
});

describe('substitute: values', () => {
  table([
    ['a${w}b', 'aWb'],
    ['${nobody}', ''],
    ['${constructor}${__proto__}', ''],
    ['${1}${_}${é}', ''],
    ['${#v}', '19'],
    ['${#nobody}', '0'],
    ['${v^}', 'Hello/wörld.tar.gz'],
    ['${v^^}', 'HELLO/WÖRLD.TAR.GZ'],
    ['${w,}', 'w'],
    ['${w,,}', 'w'],
    ['${w,^}', 'W'],
  ]);

  it('quotes a value with newlines, so that the YAML stays valid', () => {
    expect(substitute('m: ${lines}', VARIABLES)).toBe('m: "say \\"hi\\"\\nbye"');
  });
});

describe('substitute: substrings', () => {
  table([
    ['${v:1}', 'ello/wörld.tar.gz'],
    ['${v:0:3}', 'hel'],
    ['${v:99}', ''],
    ['${v:1:99}', 'ello/wörld.tar.gz'],
    ['${v:3:0}', ''],
    ['${p:${minus2}}', 'Xc'],
    ['${p:${minus2}:1}', 'X'],
    ['${v:x}', 'hello/wörld.tar.gz'],
    ['${v:1:x}', 'hello/wörld.tar.gz'],
    ['${v:1:2:3}', 'hello/wörld.tar.gz'],
    ['${v:0x1}', 'hello/wörld.tar.gz'],
  ]);

  describe('known issue 4: a negative length counts from the end and does not crash', () => {
    table([
      ['${p:0:-1}', 'aXbX'],
      ['${p:3:${minus2}}', ''],
      ['${p:4:-99}', ''],
      ['${p:${minus2}:-1}', 'X'],
      ['${e:0:-1}', ''],
    ]);
  });
});

describe('substitute: strips', () => {
  table([
    ['${v#*/}', 'wörld.tar.gz'],
    ['${v##*.}', 'gz'],
    ['${v%.*}', 'hello/wörld.tar'],
    ['${v%%.*}', 'hello/wörld'],
    ['${p#?}', 'XbXc'],
    ['${p#[a-c]}', 'XbXc'],
    ['${p%[a-c]}', 'aXbX'],
    ['${p#[^a]}', 'aXbXc'],
    ['${p#*}', 'XbXc'],
    ['${p##*}', ''],
    ['${v#[}', 'hello/wörld.tar.gz'],
    ['${v#a}b}', 'hello/wörld.tar.gzb}'],
    ['${star#a\\*}', 'b'],
    ['${star%\\*b}', 'a'],
    ['${v#hello\\/}', 'wörld.tar.gz'],
    ['${w#${w}}', ''],
  ]);
});

describe('substitute: replacements', () => {
  table([
    ['${v/l/L}', 'heLlo/wörld.tar.gz'],
    ['${v//l/L}', 'heLLo/wörLd.tar.gz'],
    ['${v/l/}', 'helo/wörld.tar.gz'],
    ['${v/#hel/HEL}', 'HELlo/wörld.tar.gz'],
    ['${v/%gz/xz}', 'hello/wörld.tar.xz'],
    ['${v/#xx/y}', 'hello/wörld.tar.gz'],
    ['${v//\\//_}', 'hello_wörld.tar.gz'],
    ['${v/o/a/b}', 'hella/b/wörld.tar.gz'],
    ['${v/l//x}', 'hexlo/wörld.tar.gz'],
    ['${v/l/${w}}', 'heWlo/wörld.tar.gz'],
    ['${w/W/\\\\}', '\\'],
    ['${p/./y}', 'aXbXc'],
    ['${v/l/$${v}}', 'he${vlo/wörld.tar.gz}'],
    ['${p//${e}/-}', '-a-X-b-X-c-'],
  ]);
});

describe('substitute: defaults', () => {
  table([
    ['${e:-d}', 'd'],
    ['${nobody:=d}', 'd'],
    ['${e=d}', 'd'],
    ['${e:?d}', 'd'],
    ['${e:+d}', 'd'],
    ['${w:+d}', 'W'],
    ['${e:-}', ''],
    ['${e:-a${w}b}', 'aWb'],
    ['${e:-${e:-${w}}}', 'W'],
    ['${e:-a}b}', 'ab}'],
    ['${e:-$$}', '$$'],
    ['${e:-$w}', '$w'],
    ['${e:-a\\/b}', 'a\\/b'],
  ]);
});

describe('substitute: errors', () => {
  errors('unable to parse variable name', ['${', '${}', '${!v}', '${ v}', 'x ${e:-${', '${e:-a${}b}']);
  errors('missing closing brace', [
    '${v',
    '${a.b}',
    '${a-b}',
    '${v[@]}',
    '${v-d}',
    '${v+d}',
    '${v }',
    '${e:-a${v',
  ]);
  errors('bad substitution', [
    '${v/l}',
    '${v,x}',
    '${v^^^}',
    '${#}',
    '${#v:1}',
    '${v:',
    '${v:a${w}}',
    '${v#$${v}}',
  ]);
  errors('unable to parse substitution within function', [
    '${v:}',
    '${v#}',
    '${v:1:}',
    '${v///x}',
    '${e:-abc',
  ]);
});

describe('substitute: malicious input', { timeout: 120_000 }, () => {
  const large = { v: 'x'.repeat(1_000_000), p: '*a'.repeat(1000), w: 'W' };

  it.each([
    ['a megabyte without expressions', 'a: b\n'.repeat(200_000)],
    ['a megabyte of expressions', '${w}'.repeat(250_000)],
    ['a megabyte of dollars', '$'.repeat(1_000_000)],
    ['a megabyte of backslashes', '\\'.repeat(1_000_000)],
  ])('accepts %s', (_, text) => {
    expect(substitute(text, large).length).toBeGreaterThan(0);
  });

  it.each([
    ['expressions in expressions', '${nobody:-'.repeat(100_000), 'nested more than 100 deep'],
    ['values beyond all bounds', '${v}'.repeat(100), 'larger than 4 MiB'],
    ['replacements beyond all bounds', '${v//x/${v}}', 'too long'],
    ['patterns beyond all bounds', '${v##${p}}', 'too long'],
    ['many looks at large values', '${v:0:1}'.repeat(1000), 'too long'],
    ['many costly patterns', '${v##*a*b*c}'.repeat(100), 'too long'],
  ])('refuses %s', (_, text, message) => {
    expect(() => substitute(text, large)).toThrow(PipelineError);
    expect(() => substitute(text, large)).toThrow(message);
  });

  const piece = fc.constantFrom(...EXPRESSION_PIECES, 'v', 'p', 'e');

  it('throws only PipelineError, and always returns the same result', () => {
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        const outcome = (): string => {
          try {
            return substitute(input, VARIABLES);
          } catch (error) {
            expect(error).toBeInstanceOf(PipelineError);
            return String(error);
          }
        };

        expect(outcome()).toBe(outcome());
      }),
      { numRuns: 1000 },
    );
  });

  it('does not change a text without dollars', () => {
    fc.assert(
      fc.property(fc.string(), (input) => {
        const text = input.replaceAll('$', '');

        expect(substitute(text, VARIABLES)).toBe(text);
      }),
    );
  });
});

describe('substitute: a replacement costs the sum of value and pattern, not their product', () => {
  const busyMs = (text: string, variables: Readonly<Record<string, string>>): Promise<number> =>
    longestTurnMs(() => {
      try {
        substitute(text, variables);
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error;
      }
      return Promise.resolve();
    });
  const half = 'x'.repeat(250_000);

  it.each<[string, string, Readonly<Record<string, string>>]>([
    ['a mismatch in the middle', '${a/${b}/z}', { a: half.repeat(4), b: `${half}y${half}` }],
    ['a mismatch in the middle, for all', '${a//${b}/z}', { a: half.repeat(4), b: `${half}y${half}` }],
    ['a mismatch at the beginning', '${a//${b}/z}', { a: half.repeat(4), b: `y${half}` }],
    ['a mismatch at the end', '${a//${b}/z}', { a: half.repeat(4), b: `${half}y` }],
    [
      'many small ones',
      '${a//${b}/}'.repeat(1_300),
      { a: 'x'.repeat(2_000), b: `${'x'.repeat(500)}y${'x'.repeat(499)}` },
    ],
    ['empty results', '${a//a/${e}}'.repeat(1_000), { a: 'a'.repeat(15_000), e: '' }],
    ['empty patterns', '${a//${e}/${e}}'.repeat(900), { a: 'a'.repeat(17_000), e: '' }],
  ])('%s', async (_, text, variables) => {
    // The first two did not end within 80 s.
    expect(await busyMs(text, variables)).toBeLessThan(1_000);
  });

  it('the limit of all together is 4 MiB of values and patterns', () => {
    const a = 'x'.repeat(1024 * 1024);
    const text = (count: number): string => '${a/${b}/z}'.repeat(count);
    expect(substitute(text(3), { a, b: 'xyxyxyxy' })).toHaveLength(3 * a.length);
    expect(() => substitute(text(4), { a, b: 'xyxyxyxy' })).toThrow('patterns and values are too long');
  });
});

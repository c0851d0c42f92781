import fc from 'fast-check';
import type { RegistryContentType } from 'prom-client';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Exposition, Family } from './exposition.ts';
import { formatOfContentType, parseExposition } from './parse.ts';

const plain = (text: string): Exposition => parseExposition(text);
const open = (text: string): Exposition => parseExposition(text, { format: 'openmetrics' });

function family(exposition: Exposition, name: string): Family {
  const found = exposition.families.get(name);
  if (found === undefined) throw new Error(`no family ${name}`);
  return found;
}

const only = (text: string) => family(plain(text), 'm').samples[0];

describe('parseExposition: values', () => {
  it.each([
    { written: '1', want: 1 },
    { written: '-1.5e3', want: -1500 },
    { written: '.5', want: 0.5 },
    { written: '5.', want: 5 },
    { written: '+Inf', want: Infinity },
    { written: '-inf', want: -Infinity },
    { written: 'NaN', want: Number.NaN },
    { written: '1.7976931348623157e308', want: Number.MAX_VALUE },
  ])('$written', ({ written, want }) => {
    expect(only(`m ${written}`)?.value).toBe(want);
  });

  it.each(['', 'one', '0x10', '1_000', '1,5', '--1', '1e', 'e5', 'Infinit'])(
    'rejects "%s" as a number, with a message',
    (written) => {
      const { families, problems } = plain(`m ${written}`);

      expect(families.size).toBe(0);
      expect(problems).toEqual([
        {
          line: 1,
          problem: expect.stringContaining('is not a number') as string,
          cure: expect.stringContaining('+Inf') as string,
        },
      ]);
    },
  );

  it('accepts spaces, tabs, Windows line ends and a missing final line end', () => {
    expect(only('\t m { a = "b" , c="d", } \t 3  \r')).toMatchObject({
      value: 3,
      labels: new Map([
        ['a', 'b'],
        ['c', 'd'],
      ]),
    });
  });
});

describe('parseExposition: time stamps', () => {
  it('are milliseconds in the older text and seconds in OpenMetrics', () => {
    expect(only('m 1 1700000000123')?.timestampMs).toBe(1_700_000_000_123);
    expect(family(open('m 1 1700000000.5\n# EOF'), 'm').samples[0]?.timestampMs).toBe(1_700_000_000_500);
    expect(only('m 1')).not.toHaveProperty('timestampMs');
  });
});

describe('parseExposition: labels', () => {
  it('decodes the three escapes and keeps an unknown one unchanged', () => {
    expect(only('m{a="\\\\ \\n \\" \\t",b="{},=#"} 1')?.labels).toEqual(
      new Map([
        ['a', '\\ \n " \\t'],
        ['b', '{},=#'],
      ]),
    );
  });

  it('treats __proto__ as a name like any other', () => {
    expect(only('m{__proto__="x",constructor="y"} 1')?.labels.get('__proto__')).toBe('x');
    expect(family(plain('constructor 1'), 'constructor').samples).toHaveLength(1);
  });

  it('accepts quoted names of metrics and labels', () => {
    const { families } = plain('# TYPE "http.requests" counter\n{"http.requests","net.host"="a"} 4');

    expect(families.get('http.requests')).toMatchObject({ type: 'counter', samples: [{ value: 4 }] });
  });

  it.each([
    { text: 'm{a="b"', want: 'unexpected text after the labels: ""' },
    { text: 'm{a="b" 1', want: 'unexpected text after the labels: "1"' },
    { text: 'm{a="b', want: 'does not end' },
    { text: 'm{a="b\\', want: 'does not end' },
    { text: 'm{a=b} 1', want: 'no quoted value' },
    { text: 'm{a} 1', want: 'no label' },
    { text: 'm{="b"} 1', want: 'no label' },
    { text: 'm{a="b",a="c"} 1', want: 'twice' },
    { text: 'm{"a"} 1', want: 'no metric name' },
    { text: 'm{,} 1', want: 'no label' },
    { text: '{a="b"} 1', want: 'no metric name' },
    { text: '1m 1', want: 'no metric name' },
    { text: 'm 1 2 3', want: 'more follows' },
    { text: 'm 1 NaN', want: 'not finite' },
  ])('$text: $want', ({ text, want }) => {
    const { families, problems } = plain(text);

    expect(families.size).toBe(0);
    expect(problems).toMatchObject([{ line: 1 }]);
    expect(problems[0]?.problem).toContain(want);
  });
});

describe('parseExposition: families', () => {
  it('groups buckets, sum and count under the name of their histogram', () => {
    const text =
      '# HELP w how long\n# TYPE w histogram\nw_bucket{le="1"} 1\nw_bucket{le="+Inf"} 2\nw_sum 3\nw_count 2\nw_other 9\n';
    const { families } = plain(text);

    expect(families.get('w')).toMatchObject({ type: 'histogram', help: 'how long' });
    expect(families.get('w')?.samples).toHaveLength(4);
    expect(families.get('w_other')?.type).toBe('unknown');
  });

  it('does not treat x_count as part of x when x is a gauge', () => {
    expect(plain('# TYPE x gauge\nx 1\nx_count 2').families.get('x_count')?.samples).toHaveLength(1);
  });

  it('decodes the escapes of HELP', () => {
    expect(family(plain('# HELP m a\\nb\\\\c\\"\nm 1'), 'm').help).toBe('a\nb\\c\\"');
    expect(family(open('# HELP m \\"\nm 1\n# EOF'), 'm').help).toBe('"');
  });

  it('keeps an empty HELP and skips comments', () => {
    const { families, problems } = plain('# HELP m\n# a remark\n#HELP n x\n#\nm 1\n\n');

    expect(families.get('m')?.help).toBe('');
    expect(families.size).toBe(1);
    expect(problems).toEqual([]);
  });

  it.each([
    { text: '# TYPE m counter\n# TYPE m counter', want: 'a second TYPE' },
    { text: '# HELP m a\n# HELP m a', want: 'a second HELP' },
    { text: 'm 1\n# TYPE m counter', want: 'behind its values' },
    { text: 'm 1\n# TYPE m toString', want: 'is not a metric type' },
    { text: 'm{a="1",b="2"} 1\nm{b="2",a="1"} 5', want: 'twice with the same labels' },
  ])('on line 2: $want', ({ text, want }) => {
    const { problems } = plain(text);

    expect(problems).toMatchObject([{ line: 2 }]);
    expect(problems[0]?.problem).toContain(want);
  });

  it('keeps the first of two equal series', () => {
    expect(family(plain('m 1\nm 2'), 'm').samples).toMatchObject([{ value: 1 }]);
  });

  it('continues after an invalid line', () => {
    expect(plain('m 1\nbroken{\nn 2').families.size).toBe(2);
  });
});

describe('parseExposition: the end', () => {
  it('is marked in OpenMetrics; without the mark the text is incomplete', () => {
    expect(open('m 1\n# EOF\n')).toMatchObject({ complete: true, problems: [] });
    expect(open('m 1\n')).toMatchObject({ complete: false, problems: [{ line: 2 }] });
    expect(open('m 1\n# EOF\nn 1')).toMatchObject({ complete: false, problems: [{ line: 3 }] });
    expect(plain('m 1\n# EOF\nn 1')).toMatchObject({ complete: true, problems: [] });
  });

  it('stops at the limit of samples, and reports that', () => {
    const parsed = parseExposition('a 1\nb 1\nc 1\nd 1', { maxSamples: 2 });

    expect(parsed).toMatchObject({ complete: false, problems: [{ line: 3 }] });
    expect(parsed.families.size).toBe(2);
  });

  it.each<[string, (nth: number) => string, RegExp]>([
    ['600,000 series', (nth) => `a{b="${nth}"} 1\n`, /more than 20000 values/],
    ['600,000 series of one name, all equal', () => 'a 1\n', /more than 1000 invalid lines/],
    ['600,000 descriptions', (nth) => `# HELP a${nth} x\n`, /more than 20000 values/],
    ['600,000 invalid lines', () => '?\n', /more than 1000 invalid lines/],
  ])('stops early in a text of %s, with the reason as its last problem', (_, line, reason) => {
    const parsed = plain(Array.from({ length: 600_000 }, (_one, nth) => line(nth)).join(''));

    expect(parsed.complete).toBe(false);
    expect(parsed.problems.at(-1)?.problem).toMatch(reason);
    expect(parsed.problems.at(-1)?.line).toBeLessThan(20_100);
    expect(parsed.families.size).toBeLessThanOrEqual(20_000);
  });

  const LONG = 16_300;
  const fill = (text: string): string => text.repeat(Math.floor(LONG / text.length));
  it.each<[string, string]>([
    ['labels', `a{${Array.from({ length: 1700 }, (_, nth) => `l${nth}="",`).join('')}} 1\n`],
    ['quotes that do not end', `a{b="${fill('\\"')}\n`],
    ['quoted names', `# TYPE "${fill('\\')}"\n`],
    [
      'labels of an exemplar',
      `a 1 # {${Array.from({ length: 1700 }, (_, nth) => `l${nth}="",`).join('')}} 1\n`,
    ],
  ])('stops early in 4 MB of lines full of %s: each costs as much as many samples', (_, line) => {
    const parsed = plain(line.repeat(Math.floor(4_000_000 / line.length)));

    expect(parsed.complete).toBe(false);
    expect(parsed.problems.at(-1)?.problem).toBe('more than 100000 labels, or as much invalid text');
    expect(parsed.problems.at(-1)?.line).toBeLessThan(70);
  });

  it('near miss: takes as many samples as it may, with five labels each, and some long invalid lines', () => {
    const sample = (nth: number): string => `a{b="${nth}",c="x",d="x",e="x",f="x"} 1\n`;
    const text = Array.from({ length: 19_900 }, (_, nth) => sample(nth)).join('');
    const parsed = plain(text);
    expect([parsed.complete, parsed.problems, family(parsed, 'a').samples.length]).toEqual([
      true,
      [],
      19_900,
    ]);
    expect(plain(`a{b="${'x'.repeat(LONG)}\n`.repeat(40)).complete).toBe(true);
  });

  it('does not look at lines of absurd length, and takes long ones', () => {
    const line = (chars: number): string => `a{b="${'x'.repeat(chars - 9)}"} 1`;

    expect(plain(line(16_384)).problems).toEqual([]);
    expect(plain(line(16_385)).problems).toEqual([
      { line: 1, problem: 'the line has more than 16384 characters', cure: 'shorten its labels' },
    ]);
  });

  it('keeps the first problems and counts all', () => {
    const { problems, problemCount } = plain('?\n'.repeat(1000));

    expect(problems).toHaveLength(20);
    expect(problemCount).toBe(1000);
  });

  it('parses an exemplar', () => {
    const [sample] = family(open('# TYPE c counter\nc_total 5 # {trace="a b"} 1 1.5\n# EOF'), 'c').samples;

    expect(sample).toMatchObject({
      value: 5,
      exemplar: { labels: new Map([['trace', 'a b']]), value: 1, timestampMs: 1500 },
    });
  });

  it('detects the format from the Content-Type', () => {
    expect(formatOfContentType('application/openmetrics-text; version=1.0.0')).toBe('openmetrics');
    expect(formatOfContentType('text/plain; version=0.0.4')).toBe('prometheus-text');
    expect(formatOfContentType(undefined)).toBe('prometheus-text');
  });
});

describe('parseExposition: properties', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({
      unit: fc.constantFrom(
        '\\',
        '"',
        '\n',
        '\r',
        '{',
        '}',
        ',',
        '=',
        '#',
        ' ',
        'n',
        '\u2028',
        '\u0000',
        'é',
      ),
    }),
  );
  const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Infinity, -Infinity, Number.NaN));

  it('round-trips what prom-client writes, for any labels and values', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(hostile, hostile), {
          maxLength: 8,
          selector: (pair) => JSON.stringify(pair),
        }),
        value,
        hostile,
        async (pairs, number, help) => {
          const registry = new Registry();
          const gauge = new Gauge({
            name: 'g',
            help: `h${help}`,
            labelNames: ['a', 'b'],
            registers: [registry],
          });
          for (const [a, b] of pairs) gauge.set({ a, b }, number);

          const parsed = plain(await registry.metrics());

          expect(parsed.problems).toEqual([]);
          const got = (parsed.families.get('g')?.samples ?? []).map(({ labels, value }) => [
            labels.get('a'),
            labels.get('b'),
            value,
          ]);
          expect(got).toEqual(pairs.map(([a, b]) => [a, b, Object.is(number, -0) ? 0 : number]));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('round-trips histograms and counters of both formats', async () => {
    for (const contentType of [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE]) {
      const registry = new Registry<RegistryContentType>();
      registry.setContentType(contentType);
      const histogram = new Histogram({
        name: 'w_seconds',
        help: 'w',
        buckets: [1, 5],
        labelNames: ['k'],
        registers: [registry],
      });
      const counter = new Counter({ name: 'c_total', help: 'c', registers: [registry] });
      histogram.observe({ k: 'x' }, 3);
      counter.inc(4);

      const parsed = parseExposition(await registry.metrics(), { format: formatOfContentType(contentType) });

      expect(parsed).toMatchObject({ complete: true, problems: [] });
      expect(parsed.families.get('w_seconds')?.samples).toHaveLength(5);
      expect(
        [...parsed.families.values()].flatMap(({ samples }) => samples).find(({ name }) => name === 'c_total')
          ?.value,
      ).toBe(4);
    }
  });

  it('never throws and reports valid line numbers, for any text', () => {
    const soup = fc.string({
      unit: fc.constantFrom(
        'm',
        '{',
        '}',
        '"',
        '\\',
        '=',
        ',',
        '#',
        ' ',
        '\n',
        '1',
        'T',
        'e',
        '\r',
        '# TYPE m ',
        '# EOF',
        'le',
      ),
    });
    fc.assert(
      fc.property(
        fc.oneof(soup, fc.string({ unit: 'binary' })),
        fc.constantFrom('openmetrics' as const, 'prometheus-text' as const),
        (text, format) => {
          const parsed = parseExposition(text, { format });
          for (const { line } of parsed.problems)
            expect(line).toBeLessThanOrEqual(text.split('\n').length + 1);
        },
      ),
    );
  });

  it('handles long malicious lines', () => {
    for (const bit of ['1', '"', '\\', '{', 'a="b",', ' ', '# HELP ', 'm{a="', '\\\\']) {
      const text = `m{a="x"} ${bit.repeat(200_000)}x\n${bit.repeat(200_000)}\n# HELP "${bit.repeat(100_000)}`;
      expect(plain(text).families.size).toBeLessThanOrEqual(2);
    }
  });
});

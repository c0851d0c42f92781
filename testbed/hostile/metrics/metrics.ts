import { parseExposition } from '@hangar/shared/exposition/parse';
import fc from 'fast-check';
import type { Adversary, Area } from '../area.ts';

/** Parses what a runner, or something in its place, answers to a scrape. */
function feed(text: string): Promise<void> {
  for (const format of ['prometheus-text', 'openmetrics'] as const) parseExposition(text, { format });
  return Promise.resolve();
}

const filled = (name: string, text: string): Adversary<string> => ({
  name,
  make: (chars) => text.repeat(Math.max(1, Math.floor(chars / text.length))),
});
const numbered = (name: string, line: (n: number) => string): Adversary<string> => ({
  name,
  make: (chars) => Array.from({ length: Math.ceil(chars / line(10_000).length) }, (_, n) => line(n)).join(''),
});

const ADVERSARIES: readonly Adversary<string>[] = [
  numbered('series', (n) => `a{b="${n}"} 1\n`),
  numbered('metrics', (n) => `m${n} 1\n`),
  numbered('descriptions', (n) => `# TYPE m${n} counter\n`),
  numbered('buckets', (n) => `h_bucket{le="${n}"} ${n}\n`),
  numbered('labels of one series', (n) => (n === 0 ? 'a{' : `l${n}="x",`)),
  filled('invalid lines', 'no{metric\n'),
  filled('open braces', 'a{'),
  filled('open quotes', 'a{b="'),
  filled('backslashes in a value', 'a{b="\\\\'),
  filled('comments', '#\n'),
  filled('empty lines', '\n'),
  filled('spaces', ' '),
  filled('one long name', 'a'),
  filled('digits of one number', 'a 1'),
];

const PIECES = [
  ...[
    'a',
    'a_total',
    'h_bucket',
    'h_sum',
    'h_count',
    '{',
    '}',
    ',',
    '=',
    '"',
    '\\',
    '\\n',
    'le="+Inf"',
    'le="1"',
  ],
  ...[' ', '\t', '\n', '\r\n', '# TYPE ', '# HELP ', '# EOF', '# {x="y"} 1', 'counter', 'histogram', 'gauge'],
  ...['1', '-1', '1e999', 'NaN', '+Inf', '0x1', '1.2.3', '1768383006', 'é', '\u0000'],
];
const generated = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6 })), { maxLength: 60 })
  .map((pieces) => pieces.join(''));

/** Metrics that the autoscaler scrapes. */
export const METRICS: Area<string> = {
  name: 'metrics exposition',
  adversaries: ADVERSARIES,
  generated,
  feed,
  largestChars: 1_000_000,
};

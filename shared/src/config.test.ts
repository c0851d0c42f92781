import { describe, expect, it } from 'vitest';
import { readSettings, setting } from './config.ts';
import {
  atLeast,
  BYTES,
  CPU,
  DECIMAL,
  DURATION,
  FLAG,
  integer,
  LIST,
  MAP,
  maybe,
  oneOf,
  TEXT,
  type ValueKind,
} from './config-values.ts';

const about = { section: 'test', description: 'The thing.' };

describe('readSettings', () => {
  const table = {
    host: setting('X_HOST', TEXT, '', { ...about, required: true }),
    retries: setting('X_RETRIES', integer(), 3, about),
    token: setting('X_TOKEN', integer(), 0, { ...about, secret: true }),
    endpoint: setting('X_NEW', TEXT, '', { ...about, legacyNames: ['X_OLDEST', 'X_OLD'] }),
    limit: setting('X_LIMIT', maybe(integer()), undefined, about),
  };

  it('returns values and defaults', () => {
    const { values, problems } = readSettings(table, { X_HOST: 'h', X_RETRIES: '5' });
    expect(problems).toEqual([]);
    expect(values).toEqual({ host: 'h', retries: 5, token: 0, endpoint: '', limit: undefined });
  });

  it('known issue 63: treats an empty variable as unset, whatever its type', () => {
    const { values, problems } = readSettings(table, { X_HOST: 'h', X_RETRIES: '', X_LIMIT: ' ' });
    expect(problems).toEqual([]);
    expect(values).toMatchObject({ retries: 3, limit: undefined });
  });

  it('reports all problems together, with name and remedy, and never a secret', () => {
    const { problems } = readSettings(table, { X_RETRIES: 'many', X_TOKEN: 'hush' });
    expect(problems).toEqual([
      'X_HOST is not set, and is required. The thing.',
      'X_RETRIES is not a whole number (given: "many"). Write a whole number, 0 or more',
      'X_TOKEN is not a whole number. Write a whole number, 0 or more',
    ]);
  });

  it('names an invalid duration or size, its bound, and an example', () => {
    const spans = {
      term: setting('X_TERM', atLeast(3_000, DURATION), 30_000, about),
      limit: setting('X_LIMIT', atLeast(65_536, BYTES), 5_242_880, about),
    };
    expect(readSettings(spans, { X_TERM: '15000', X_LIMIT: '5 blocks' }).problems).toEqual([
      'X_TERM is not a duration (given: "15000"). Write a duration such as 90s, 15m, 6h or 1h30m, 3s or more',
      'X_LIMIT is not a size (given: "5 blocks"). Write a size such as 5MiB, 100Mi, 1.5GB or 5242880 (units are binary), 64Ki or more',
    ]);
    expect(readSettings(spans, { X_TERM: '2s' }).problems).toEqual([
      'X_TERM is less than 3s (given: "2s"). Write a duration such as 90s, 15m, 6h or 1h30m, 3s or more',
    ]);
  });

  it('formats a default as it would be written', () => {
    const shown = [
      setting('X', DURATION, 5_400_000, about),
      setting('X', BYTES, 5_242_880, about),
      setting('X', CPU, 500, about),
      setting('X', DURATION, 0, { ...about, defaultText: 'for ever' }),
      setting('X', maybe(DURATION), undefined, about),
    ];
    expect(shown.map(({ defaultText }) => defaultText)).toEqual(['1h30m', '5Mi', '500m', 'for ever', '']);
  });

  it.each([
    ['a name of old wins over the new one', { X_OLD: 'old', X_NEW: 'new' }, 'old'],
    ['the first of two old ones wins', { X_OLD: 'old', X_OLDEST: 'oldest' }, 'oldest'],
    ['an empty old one does not', { X_OLD: '', X_NEW: 'new' }, 'new'],
  ])('%s', (_, env, want) => {
    expect(readSettings(table, { X_HOST: 'h', ...env }).values.endpoint).toBe(want);
  });
});

describe('values', () => {
  it.each<[string, ValueKind<unknown>, string, unknown]>([
    ['flag', FLAG, 'T', true],
    ['flag', FLAG, 'False', false],
    ['integer', integer(), '0x10', 16],
    ['integer', integer(), '0X_1f', 31],
    ['integer', integer(), '1_000', 1000],
    ['integer', integer(), '0b101', 5],
    ['integer', integer(), '0o17', 15],
    ['integer', integer(), '0_17', 15],
    ['integer, octal as in Go', integer(), '010', 8],
    ['integer with a sign', integer(-5), '-3', -3],
    ['decimal', DECIMAL, '7.5', 7.5],
    ['bytes', BYTES, '100MB', 104_857_600],
    ['bytes with a fraction and a blank', BYTES, '1.5 gib', 1_610_612_736],
    ['bytes without unit', BYTES, '5242880', 5_242_880],
    ['cores', CPU, '1.5', 1_500],
    ['millicores', CPU, '500m', 500],
    ['span', DURATION, '1h30m', 5_400_000],
    ['span in milliseconds', DURATION, '250ms', 250],
    ['span on its bound', atLeast(3_000, DURATION), '3s', 3_000],
    ['size on its bound', atLeast(65_536, BYTES), '64KiB', 65_536],
    ['list', LIST, 'a, b,,c', ['a', 'b', 'c']],
    ['map', MAP, 'a:1, b:', { a: '1', b: '' }],
    [
      'known issue 63: map whose values hold colons',
      MAP,
      'CACHE:http://cache:3128,/h:/c:ro',
      { CACHE: 'http://cache:3128', '/h': '/c:ro' },
    ],
    ['word', oneOf('gate', 'swap'), 'Gate', 'gate'],
  ])('%s: %s', (_, kind, text, value) => {
    expect(kind.read(text)).toEqual({ value });
  });

  it.each<[string, ValueKind<unknown>, string]>([
    ['flag', FLAG, 'yes please'],
    ['integer', integer(), '1.5'],
    ...['08', '1__0', '_1', '1_', '0x', '0_', '1e3', '+', '0b2'].map(
      (text): [string, ValueKind<unknown>, string] => ['integer', integer(), text],
    ),
    ['integer below its bound', integer(1), '0'],
    ['integer above its bound', integer(1, 5), '6'],
    ['integer that is not exact', integer(), '99999999999999999999'],
    ['decimal', DECIMAL, 'NaN'],
    ['bytes', BYTES, '10 blocks'],
    ['bytes below zero', BYTES, '-1'],
    ['cpu', CPU, '2 cores'],
    ['cpu below zero', CPU, '-1'],
    ['span without unit', DURATION, '90'],
    ['span with rest', DURATION, '90s!'],
    ['span below its bound', atLeast(3_000, DURATION), '2999ms'],
    ['size below its bound', atLeast(65_536, BYTES), '63KiB'],
    ['cpu below zero', CPU, '-1'],
    ['map', MAP, 'a:1,b'],
    ['map with an empty name', MAP, ':1'],
    ['word', oneOf('gate', 'swap'), 'door'],
  ])('%s refuses %s', (_, kind, text) => {
    expect(kind.read(text)).toHaveProperty('wrong');
  });
});

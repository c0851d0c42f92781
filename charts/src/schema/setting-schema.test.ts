import { setting } from '@hangar/shared/config';
import {
  BYTES,
  CPU,
  DECIMAL,
  DURATION,
  FLAG,
  integer,
  LIST,
  MAP,
  oneOf,
  TEXT,
} from '@hangar/shared/config-values';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMPONENTS } from '../values/values.ts';
import { isOnOff, settingSchema, settingsSchema } from './setting-schema.ts';

const CUSTOM_KIND = { type: 'a riddle', read: () => ({ wrong: 'is none' }) };
const about = { section: 's', description: 'What it is.' };

describe('settingSchema', () => {
  it.each([
    ['text, which may look like a number', setting('A', TEXT, '', about), { type: ['number', 'string'] }],
    ['yes or no, as text too', setting('A', FLAG, false, about), { type: ['boolean', 'string'] }],
    [
      'a whole number with its bound',
      setting('A', integer(1), 1, about),
      { type: ['integer', 'string'], minimum: 1 },
    ],
    ['and with both', setting('A', integer(0, 9), 1, about), { minimum: 0, maximum: 9 }],
    ['a number', setting('A', DECIMAL, 1, about), { type: ['number', 'string'] }],
    ['a size', setting('A', BYTES, 1, about), { type: ['integer', 'string'] }],
    ['CPU', setting('A', CPU, 1, about), { type: ['number', 'string'] }],
    ['a span of time', setting('A', DURATION, 1, about), { type: 'string' }],
    ['a list as such', setting('A', LIST, [], about), { type: ['array', 'string', 'number'] }],
    ['a map as such', setting('A', MAP, {}, about), { type: ['object', 'string'] }],
    ['one of several texts', setting('A', oneOf('x', 'y'), 'x', about), { enum: ['x', 'y'] }],
    [
      'the text off, which YAML reads as false',
      setting('A', oneOf('off', 'y'), 'y', about),
      { enum: ['off', false, 'y'] },
    ],
    [
      'a kind that only one program has: text',
      setting('A', CUSTOM_KIND, '', about),
      { type: ['number', 'string'] },
    ],
    ['or a number, by its default', setting('A', CUSTOM_KIND, 1, about), { type: ['number', 'string'] }],
  ])('%s', (_, one, want) => {
    expect(settingSchema(one)).toMatchObject(want);
    expect(settingSchema(one).description).toContain('What it is.');
  });

  it.each([
    ['10', true],
    ['0x1F', true],
    ['0b101', true],
    ['0o17', true],
    ['017', true],
    ['1_000', true],
    ['', true],
    ['08', false],
    ['0x', false],
    ['1__0', false],
    ['1_', false],
    ['-1', false],
  ])('a whole number as text, as the program reads it: %j is one: %s', (text, isOne) => {
    const { pattern = '' } = settingSchema(setting('A', integer(), 1, about));
    expect(new RegExp(pattern).test(text)).toBe(isOne);
    if (text !== '') expect('value' in integer().read(text)).toBe(isOne);
  });

  it('accepts no text that the program would reject, except for bounds', () => {
    const settings = COMPONENTS.flatMap((one) => one.settings).filter(
      (one) => settingSchema(one).pattern !== undefined,
    );
    const texts = fc.string({ unit: fc.constantFrom(...'0123456789.kMiBbhsm -xo_', 'true'), maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...settings), texts, (one, text) => {
        if (text.trim() === '' || !new RegExp(settingSchema(one).pattern ?? '').test(text)) return;
        const read = one.read(text);
        if ('wrong' in read) expect(read.wrong).toMatch(/^is (out of bounds|less than \S+)$/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('settingsSchema', () => {
  const secret = setting('A_TOKEN', TEXT, '', { ...about, secret: true, legacyNames: ['OLD_TOKEN'] });
  const plain = setting('A', integer(1), 1, { ...about, legacyNames: ['OLD'] });

  it('accepts old names as well, and no other', () => {
    const { properties, additionalProperties } = settingsSchema([plain]);
    expect(Object.keys(properties ?? {})).toEqual(['A', 'OLD']);
    expect(additionalProperties).toBe(false);
  });

  it('leaves the rejection of secrets to the template, which explains where they belong', () => {
    expect(settingsSchema([secret]).properties).toEqual({
      A_TOKEN: { description: expect.stringContaining('only by reference') as string },
      OLD_TOKEN: { description: expect.stringContaining('only by reference') as string },
    });
  });
});

describe('isOnOff', () => {
  it.each([
    ['off among several texts', oneOf('off', 'restricted'), true],
    ['other texts', oneOf('split', 'peak'), false],
    ['a flag is not a text', FLAG, false],
  ])('%s', (_, kind, want) => {
    expect(isOnOff(setting<unknown>('A', kind, '', about))).toBe(want);
  });
});

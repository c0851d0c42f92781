import type { Setting } from '@hangar/shared/config';
import type { Json, JsonSchema } from './json-schema.ts';

type Rule = readonly [RegExp, (match: RegExpExecArray) => JsonSchema];

const number = (type: 'integer' | 'number', bounds: JsonSchema, pattern: string): JsonSchema => ({
  type: [type, 'string'],
  ...bounds,
  pattern,
});

/** Digits as the programs read them, without a sign: decimal, `0x…`, `0b…`, octal `0o…` or `0…`, with `_` between digits. */
const WHOLE_NUMBER = '^(0[xX](_?[0-9a-fA-F])+|0[bB](_?[01])+|0[oO](_?[0-7])+|0(_?[0-7])*|[1-9](_?[0-9])*)?$';

const wordsIn = (type: string): readonly string[] =>
  [...type.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

/** YAML reads an unquoted `off` as false, so the boolean is accepted too. */
const asWritten = (word: string): readonly Json[] =>
  word === 'off' ? [word, false] : word === 'on' ? [word, true] : [word];

/** Whether `false` stands for the text `off`, and `true` for `on`. Pure. */
export const isOnOff = ({ type }: Setting<unknown>): boolean =>
  type.startsWith('one of ') && wordsIn(type).some((word) => word === 'on' || word === 'off');

const RULE_VALUE: JsonSchema = { type: ['string', 'number'] };

/** A value's own type, and in addition the text form used in existing manifests: `10` and `"10"`. */
const RULES: readonly Rule[] = [
  [/^`true` or `false`$/, () => ({ type: ['boolean', 'string'], pattern: '^(true|false|1|0|)$' })],
  [
    /^a whole number, (-?\d+) or more$/,
    ([, least]) => number('integer', { minimum: Number(least) }, WHOLE_NUMBER),
  ],
  [
    /^a whole number from (-?\d+) to (\d+)$/,
    ([, least, most]) => number('integer', { minimum: Number(least), maximum: Number(most) }, WHOLE_NUMBER),
  ],
  [/^a number\b/, () => number('number', { minimum: 0 }, '^([0-9]+(\\.[0-9]+)?)?$')],
  [/^a share\b/, () => number('number', { minimum: 0, maximum: 1 }, '^(0?\\.[0-9]*[1-9][0-9]*)?$')],
  [/^a size\b/, () => number('integer', { minimum: 0 }, '^([0-9]+(\\.[0-9]+)? ?[kKmMgGtTpP]?[iI]?[bB]?)?$')],
  [/^CPU\b/, () => number('number', { minimum: 0 }, '^([0-9]+(\\.[0-9]+)?m?)?$')],
  [/^a duration\b/, () => ({ type: 'string', pattern: '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))*$' })],
  [
    /^comma-separated list/,
    () => ({ type: ['array', 'string', 'number'], items: { type: ['string', 'number'] } }),
  ],
  [
    /^comma-separated `name:value` pairs/,
    () => ({ type: ['object', 'string'], additionalProperties: { type: ['string', 'number', 'boolean'] } }),
  ],
  [
    /^comma-separated `level:value` pairs/,
    () => ({
      type: ['object', 'string', 'number'],
      properties: Object.fromEntries(['fork', 'ordinary', 'trusted'].map((level) => [level, RULE_VALUE])),
      additionalProperties: false,
    }),
  ],
  [/^one of /, ({ input }) => ({ enum: wordsIn(input).flatMap(asWritten) })],
];

/** Kinds that only one program has are texts; the program validates them when it starts. */
function plainSchema({ fallback }: Setting<unknown>): JsonSchema {
  const kind = typeof fallback;
  // A text such as a port may be written as a number, and the program reads it as such.
  return { type: kind === 'boolean' ? ['boolean', 'string'] : ['number', 'string'] };
}

/** The schema of a setting as a value of the chart. Pure. */
export function settingSchema(one: Setting<unknown>): JsonSchema {
  const found = RULES.map(([pattern, make]) => {
    const match = pattern.exec(one.type);
    return match === null ? undefined : make(match);
  }).find((schema) => schema !== undefined);
  const schema = found ?? plainSchema(one);
  return { description: [one.description, `Written as ${one.type}.`].join(' '), ...schema };
}

/**
 * The schema of a map of settings by their documented names. Secret ones are excluded: a template explains where they belong, in
 * more detail than a schema can.
 */
export function settingsSchema(settings: readonly Setting<unknown>[]): JsonSchema {
  const names = settings.flatMap((one) => [one.name, ...one.legacyNames].map((name) => [name, one] as const));
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      names.map(([name, one]) => [
        name,
        one.secret
          ? { description: 'A secret. Set it only by reference, in envFrom or extraEnv.' }
          : settingSchema(one),
      ]),
    ),
  };
}

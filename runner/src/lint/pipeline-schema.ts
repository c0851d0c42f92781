import { ANCHOR_KEYS, DEVICE_KEY, FIELDS, type Field, type FieldKind, fieldsOf } from '../parse/fields.ts';

/** A JSON Schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

const SCALAR: Schema = { type: ['string', 'number', 'boolean', 'null'] };
const TEXTS: Schema = { type: ['array', 'null'], items: SCALAR };
/** The switches of YAML 1.1, most of which newer readers of YAML take for text. */
const SWITCH: Schema = {
  anyOf: [
    { type: ['boolean', 'null'] },
    { type: 'string', pattern: '^(?:[yYnN]|[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF)$' },
  ],
};
/** Likewise with numbers such as `1_000` and `0b11`. */
const WHOLE: Schema = {
  anyOf: [{ type: ['number', 'null'] }, { type: 'string', pattern: '^[-+]?[0-9][0-9_a-fA-FxXoObB]*$' }],
};
const BYTES: Schema = { anyOf: [{ type: ['number', 'null'] }, { type: 'string' }] };

const definition = (part: string): string => part.replaceAll(' ', '_');
const reference = (part: string): Schema => ({ $ref: `#/definitions/${definition(part)}` });
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const mapOf = (values: Schema): Schema => ({ type: ['object', 'null'], additionalProperties: values });

/** Of a variable: text, or a secret. */
const VARIABLE: Schema = { anyOf: [SCALAR, reference('variable')] };
/** Of a setting: anything; a secret by `from_secret`. */
const SETTING: Schema = {};
/** A condition may be a text or a list in place of a map, and so may its globs. */
const GLOBS: Schema = { anyOf: [SCALAR, TEXTS] };

const SIMPLE: Readonly<Record<Extract<FieldKind, string>, Schema>> = {
  text: SCALAR,
  whole: WHOLE,
  switch: SWITCH,
  bytes: BYTES,
  texts: TEXTS,
  wholes: { type: ['array', 'null'], items: WHOLE },
  'text map': mapOf(SCALAR),
  variables: mapOf(VARIABLE),
  settings: mapOf(SETTING),
  anything: {},
};

function schemaOfKind(kind: FieldKind): Schema {
  if (typeof kind === 'string') return SIMPLE[kind];
  if ('words' in kind) return { anyOf: [{ enum: kind.words }, SCALAR] };
  if ('list' in kind) return { type: ['array', 'null'], items: reference(kind.list) };
  return kind.part === 'condition'
    ? { anyOf: [...(GLOBS.anyOf as readonly Schema[]), reference('condition')] }
    : orNull(reference(kind.part));
}

const describedField = ({ kind, help, support }: Field): Schema => ({
  description: help,
  ...(support === 'none' ? { deprecated: true } : {}),
  ...schemaOfKind(kind),
});

/** Fields without which the linter refuses. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = { step: ['image'] };

function partSchema(part: string): Schema {
  const fields = Object.entries(fieldsOf(part) ?? {});
  const properties = Object.fromEntries(fields.map(([key, field]) => [key, describedField(field)]));
  const globs = { properties: { include: GLOBS, exclude: GLOBS } };
  return {
    type: 'object',
    properties: part === 'condition' ? globs.properties : properties,
    patternProperties: {
      [ANCHOR_KEYS.source]: {},
      ...(part === 'step amount' ? { [DEVICE_KEY.source]: WHOLE } : {}),
    },
    additionalProperties: false,
    ...(REQUIRED[part] === undefined ? {} : { required: REQUIRED[part] }),
  };
}

const isKind = (values: Readonly<Record<string, string>>): Schema => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { const: value }])),
  required: Object.keys(values),
});

/**
 * The JSON Schema of one document of a pipeline file, for completion and help in editors. What it refuses, the linter warns of or refuses;
 * it accepts all that runs without a warning. Pure.
 */
export function pipelineSchema(): Schema {
  const parts = Object.keys(FIELDS).filter((part) => part !== 'document');
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Drone pipelines of type kubernetes',
    description: 'Generated from runner/src/parse/fields.ts.',
    type: ['object', 'null'],
    properties: Object.fromEntries(
      Object.entries(FIELDS.document).map(([key, field]) => [key, describedField(field)]),
    ),
    allOf: [
      { if: isKind({ kind: 'pipeline', type: 'kubernetes' }), then: reference('pipeline') },
      { if: isKind({ kind: 'secret' }), then: reference('secret') },
    ],
    definitions: Object.fromEntries(parts.map((part) => [definition(part), partSchema(part)])),
  };
}

/** The schema as text. Pure. */
export const schemaText = (): string => `${JSON.stringify(pipelineSchema(), undefined, 2)}\n`;

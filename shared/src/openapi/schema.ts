/** The subset of JSON Schema (2020-12) used here. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  /** Of an object whose keys are names: what a name looks like. */
  readonly propertyNames?: Schema;
  /** The meaning: one or two sentences. */
  readonly description?: string;
  readonly examples?: readonly unknown[];
  /** The unit of a number; absent: it has none, such as an id. */
  readonly 'x-unit'?: string;
}

type Properties = Readonly<Record<string, Schema>>;

const leaf = (schema: Schema, description: string, example: unknown): Schema => ({
  ...schema,
  description,
  examples: [example],
});

/** A text. */
export const text = (description: string, example: string): Schema =>
  leaf({ type: 'string' }, description, example);

/** One of several words; the first one is the example. */
export const oneWord = (description: string, words: readonly string[]): Schema =>
  leaf({ type: 'string', enum: words }, description, words[0]);

/** A time in RFC 3339. */
export const time = (description: string, example: string): Schema =>
  leaf({ type: 'string', format: 'date-time' }, description, example);

/** True or false. */
export const flag = (description: string, example: boolean): Schema =>
  leaf({ type: 'boolean' }, description, example);

/** A whole number without a unit, such as an id. */
export const id = (description: string, example: number): Schema =>
  leaf({ type: 'integer' }, description, example);

/** A whole number of something: `nodes`, `Pods`. */
export const count = (unit: string, description: string, example: number): Schema =>
  leaf({ type: 'integer', minimum: 0, 'x-unit': unit }, description, example);

/** A number with a unit: `seconds`, `fraction` (0 to 1). */
export const amount = (unit: string, description: string, example: number): Schema =>
  leaf({ type: 'number', 'x-unit': unit }, description, example);

/** A list of texts. */
export const texts = (description: string, example: readonly string[]): Schema =>
  leaf({ type: 'array', items: { type: 'string' } }, description, example);

/** A list; its example is one item with the example of `items`. */
export const list = (description: string, items: Schema): Schema => ({ type: 'array', description, items });

/** An object whose keys are names, such as pools. @param name an example of a name */
export const byName = (description: string, name: string, each: Schema): Schema => ({
  type: 'object',
  description,
  propertyNames: { type: 'string', examples: [name] },
  additionalProperties: each,
});

/** An object. All `properties` are required, the `optional` ones are not. */
export const object = (description: string, properties: Properties, optional: Properties = {}): Schema => ({
  type: 'object',
  description,
  properties: { ...properties, ...optional },
  required: Object.keys(properties),
});

/** A named schema. */
export const ref = (name: string, description: string): Schema => ({
  $ref: `#/components/schemas/${name}`,
  description,
});

/** A member that can be null. @param meaning what null means, without a full stop */
export function orNull(schema: Schema, meaning: string): Schema {
  const { description = '', examples, 'x-unit': unit, ...rest } = schema;
  return {
    description: `${description} Null: ${meaning}.`,
    oneOf: [rest, { type: 'null' }],
    ...(examples ? { examples } : {}),
    ...(unit ? { 'x-unit': unit } : {}),
  };
}

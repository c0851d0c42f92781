import type { Json, JsonSchema } from '../schema/json-schema.ts';

/** One value of the chart: its line in values.yaml, in values.schema.json and in README.md are generated from this. */
export interface ChartValue {
  /** With dots: `runner.image.tag`. Values of one parent are adjacent. */
  readonly path: string;
  readonly fallback: Json;
  readonly description: string;
  readonly schema: JsonSchema;
  /** Lines that values.yaml shows as comments below the default. */
  readonly examples?: readonly string[];
}

type Make<T extends Json> = (path: string, fallback: T, description: string) => ChartValue;

const of =
  <T extends Json>(schema: JsonSchema): Make<T> =>
  (path, fallback, description) => ({ path, fallback, description, schema });

/** A text value. */
export const stringValue = of<string>({ type: 'string' });
/** A boolean value. */
export const booleanValue = of<boolean>({ type: 'boolean' });
/** A count. */
export const integerValue = of<number>({ type: 'integer', minimum: 0 });
/** An object with fields of Kubernetes; the API server validates it. */
export const objectValue = of<Readonly<Record<string, Json>>>({ type: 'object' });
/** A list of Kubernetes objects. */
export const objectsValue = of<readonly Json[]>({ type: 'array', items: { type: 'object' } });
/** A list of strings. */
export const stringsValue = of<readonly string[]>({ type: 'array', items: { type: 'string' } });
/** Texts by name. Numbers and switches are taken as their text: `cpu: 4`, `enabled: true`. */
export const stringMapValue = of<Readonly<Record<string, string>>>({
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
});

/** Names of pull secrets, or `{name}` as in a Pod. */
export const pullSecretsValue = (path: string, description: string): ChartValue => ({
  path,
  fallback: [],
  description,
  schema: {
    type: 'array',
    items: {
      type: ['string', 'object'],
      required: ['name'],
      additionalProperties: false,
      properties: { name: { type: 'string' } },
    },
  },
});

/** One of several fixed texts. */
export const enumValue = (words: readonly string[]) => of<string>({ type: 'string', enum: words });

import type { Json, JsonSchema } from '../schema/json-schema.ts';

/** One value of the chart: its line in values.yaml, in values.schema.json and in README.md are generated from this. */
export interface ChartValue {
  /** With dots: `runner.image.tag`. Values of one parent are adjacent. */
  readonly path: string;
  readonly fallback: Json;
  readonly description: string;
  readonly schema: JsonSchema;
}

type Make<T extends Json> = (path: string, fallback: T, description: string) => ChartValue;

const of =
  <T extends Json>(schema: JsonSchema): Make<T> =>
  (path, fallback, description) => ({ path, fallback, description, schema });

/** A text value. */
export const text = of<string>({ type: 'string' });
/** A boolean value. */
export const flag = of<boolean>({ type: 'boolean' });
/** A count. */
export const count = of<number>({ type: 'integer', minimum: 0 });
/** An object with fields of Kubernetes; the API server validates it. */
export const object = of<Readonly<Record<string, Json>>>({ type: 'object' });
/** A list of Kubernetes objects. */
export const objects = of<readonly Json[]>({ type: 'array', items: { type: 'object' } });
/** A list of texts. */
export const texts = of<readonly string[]>({ type: 'array', items: { type: 'string' } });
/** Texts by name. */
export const textMap = of<Readonly<Record<string, string>>>({
  type: 'object',
  additionalProperties: { type: 'string' },
});

/** One of several fixed texts. */
export const word = (words: readonly string[]) => of<string>({ type: 'string', enum: words });

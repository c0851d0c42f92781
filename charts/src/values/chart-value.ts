import type { Json, JsonSchema } from '../schema/json-schema.ts';

/** One value of the chart: its line in values.yaml, in values.schema.json and in README.md are made of this. */
export interface ChartValue {
  /** With dots: `runner.image.tag`. Values of one parent stand together. */
  readonly path: string;
  readonly fallback: Json;
  readonly description: string;
  readonly schema: JsonSchema;
}

type Make<T extends Json> = (path: string, fallback: T, description: string) => ChartValue;

const of =
  <T extends Json>(schema: JsonSchema): Make<T> =>
  (path, fallback, description) => ({ path, fallback, description, schema });

/** Text. */
export const text = of<string>({ type: 'string' });
/** Yes or no. */
export const flag = of<boolean>({ type: 'boolean' });
/** How many. */
export const count = of<number>({ type: 'integer', minimum: 0 });
/** Some of Kubernetes' own objects; the API server checks what is in it. */
export const object = of<Readonly<Record<string, Json>>>({ type: 'object' });
/** A list of Kubernetes' own objects. */
export const objects = of<readonly Json[]>({ type: 'array', items: { type: 'object' } });
/** Texts. */
export const texts = of<readonly string[]>({ type: 'array', items: { type: 'string' } });
/** Text by name. */
export const textMap = of<Readonly<Record<string, string>>>({
  type: 'object',
  additionalProperties: { type: 'string' },
});

/** One of a few words. */
export const word = (words: readonly string[]) => of<string>({ type: 'string', enum: words });

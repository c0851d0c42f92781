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

const NAME = '[a-z0-9]([a-z0-9-]*[a-z0-9])?';
const DURATION = '([0-9]+(ms|[smhdwy]))+';
const textLike = (pattern: string): Make<string> => of<string>({ type: 'string', pattern });

/** The name of a namespace, or nothing. */
export const namespaceValue = textLike(`^(${NAME})?$`);
/** The same, or the prefix of generated namespaces. */
export const namespaceOrPrefixValue = textLike(`^(${NAME}|drone-)?$`);
/** Names of namespaces. */
export const namespacesValue = of<readonly string[]>({
  type: 'array',
  items: { type: 'string', pattern: `^${NAME}$` },
});
/** The name of an object that may have dots, or nothing. */
export const objectNameValue = textLike('^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$');
/** The digest of an image, or nothing. */
export const digestValue = textLike('^(sha256:[0-9a-f]{64})?$');
/** A size as Kubernetes writes it. */
export const quantityValue = textLike('^[0-9]+(\\.[0-9]+)?([kMGTPE]i?)?$');
/** A duration as Prometheus writes it. */
export const durationValue = textLike(`^${DURATION}$`);
/** The same, or nothing. */
export const durationOrNoneValue = textLike(`^(${DURATION})?$`);
/** A path of a URL. */
export const pathValue = textLike('^/');
/** A port, or 0. */
export const portValue = of<number>({ type: 'integer', minimum: 0, maximum: 65_535 });
/** Ranges of addresses, IPv4 and IPv6. */
export const cidrsValue = of<readonly string[]>({
  type: 'array',
  items: {
    type: 'string',
    pattern: '^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)/[0-9]{1,3}$',
  },
});
/** Some of several fixed texts. */
export const enumsValue = (words: readonly string[]) =>
  of<readonly string[]>({ type: 'array', items: { type: 'string', enum: words } });

/** One of several fixed texts. */
export const enumValue = (words: readonly string[]) => of<string>({ type: 'string', enum: words });

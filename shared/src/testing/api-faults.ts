import { Ajv2020 } from 'ajv/dist/2020.js';
import { exampleAddress, operationsOf } from '../openapi/api-text.ts';
import { exampleOf } from '../openapi/example.ts';
import type { OpenApi, Operation, Schemas } from '../openapi/openapi.ts';
import type { Schema } from '../openapi/schema.ts';

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** The schema made strict: members that are not described are errors. */
function closed({ propertyNames: _, ...schema }: Schema): Schema {
  const { items, oneOf, properties, additionalProperties } = schema;
  const each = (members: Schemas) =>
    Object.fromEntries(Object.entries(members).map(([name, member]) => [name, closed(member)]));
  return {
    ...schema,
    ...(items ? { items: closed(items) } : {}),
    ...(oneOf ? { oneOf: oneOf.map(closed) } : {}),
    ...(additionalProperties ? { additionalProperties: closed(additionalProperties) } : {}),
    ...(properties ? { properties: each(properties), additionalProperties: false as never } : {}),
  };
}

/** What is wrong with a value by a schema of a description; members that are not described are wrong too. */
export type Validate = (schema: Schema, value: unknown) => readonly string[];

/** Validates values by the schemas of a description (JSON Schema 2020-12). */
export function validatorOf({ components: { schemas } }: Pick<OpenApi, 'components'>): Validate {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  ajv.addFormat('date-time', RFC_3339).addVocabulary(['x-unit']);
  const strict = (value: object): object =>
    JSON.parse(JSON.stringify(value).replaceAll('"#/components/schemas/', '"api:#/$defs/')) as object;
  const all = Object.entries(schemas).map(([name, schema]) => [name, closed(schema)]);
  ajv.addSchema(strict({ $id: 'api:', $defs: Object.fromEntries(all) as object }));
  const compiled = new Map<string, ReturnType<typeof ajv.compile>>();
  return (schema, value) => {
    const text = JSON.stringify(schema);
    const validate = compiled.get(text) ?? ajv.compile(strict(closed(schema)));
    compiled.set(text, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message = '', params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}

/** What a name promises of the unit. */
const UNITS_IN_NAMES: readonly (readonly [RegExp, RegExp])[] = [
  [/(^m|M)s$/, /^milliseconds$/],
  [/(^s|S)econds$/, /^seconds$/],
  [/MinutesPerDay$/, /^minutes per day$/],
  [/(^b|B)ytes$/, /^bytes$/],
  [/Millicores$/, /^millicores$/],
  [/((^n|N)odes(Now|Ahead)?)$/, /^nodes$/],
  [/(^p|P)ods(ThatFit|Counted)?$/, /^Pods$/],
  [/(^s|S)tages$/, /^stages$/],
  [/(^s|S)hare$/, /^fraction$/],
  [/(^d|D)ays$/, /^days$/],
  [/(^h|H)ours$/, /^hours$/],
  [/(^p|P)erHour(Now)?$/, / per hour$/],
  [/(^p|P)erDay$/, / per day$/],
  [/(^p|P)erMonth$/, / per month$/],
  [/(^p|P)er1000Prs$/, / per 1000 PRs$/],
];

/** Units that the name of a member must have, since the number means nothing without it. */
const UNIT_NAMES: Readonly<Record<string, RegExp>> = {
  milliseconds: /ms$/i,
  seconds: /seconds$/i,
  bytes: /bytes$/i,
  millicores: /millicores$/i,
};

const TIMES = ['milliseconds', 'seconds', 'minutes', 'hours', 'days'];
const SIZES = ['bytes', 'KiB', 'MiB', 'GiB', 'kilobytes', 'megabytes'];
const PROCESSORS = ['millicores', 'cores', 'CPUs'];

/** The units of the same dimension, which a description does not state. */
const othersOf = (unit: string): readonly string[] =>
  [TIMES, SIZES, PROCESSORS].find((units) => units.includes(unit))?.filter((one) => one !== unit) ?? [];

const isNumber = ({ type, oneOf = [] }: Schema): boolean =>
  type === 'integer' || type === 'number' || oneOf.some(isNumber);

/** Whether the name of a number promises a unit, and it has another one. */
function isOtherThanNamed(name: string, schema: Schema): boolean {
  const named = UNITS_IN_NAMES.filter(([pattern]) => pattern.test(name));
  const unit = schema['x-unit'] ?? '';
  return isNumber(schema) && named.length > 0 && !named.some(([, units]) => units.test(unit));
}

function unitFaults(name: string, schema: Schema): readonly string[] {
  const { description = '', 'x-unit': unit = '' } = schema;
  const isOther = isOtherThanNamed(name, schema);
  const isUnnamed = UNIT_NAMES[unit]?.test(name) === false;
  const isVague = /P95/.test(name) && !/95th percentile/.test(description);
  return [
    ...(isOther ? [`the name promises another unit than "${unit}"`] : []),
    ...(isUnnamed ? [`the name lacks the unit ${unit}`] : []),
    ...(isVague ? ['no 95th percentile in the meaning'] : []),
    ...othersOf(unit)
      .filter((other) => new RegExp(`(^|\\bin )${other}\\b`, 'i').test(description))
      .map((other) => `the meaning states ${other}, the unit is ${unit}`),
  ];
}

function meaningFaults({ description = '', oneOf }: Schema, isRequired: boolean): readonly string[] {
  const canBeNull = oneOf?.some(({ type }) => type === 'null') ?? false;
  return [
    ...(/^[A-Z0-9`].{8,}\.$/.test(description) ? [] : [`no sentence as meaning: "${description}"`]),
    ...(canBeNull && !description.includes('Null: ') ? ['the meaning of null is missing'] : []),
    ...(isRequired || description.includes('Absent: ') ? [] : ['the meaning of absence is missing']),
  ];
}

/** One member, or another place in the description that has a schema. */
interface Place {
  readonly at: string;
  /** The last name in the path. */
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

function membersOf(at: string, schema: Schema): readonly Place[] {
  const { properties = {}, required = [], items, additionalProperties, oneOf = [] } = schema;
  const inner = [items, additionalProperties, ...oneOf].flatMap((one) => (one ? membersOf(at, one) : []));
  const own = Object.entries(properties).flatMap(([name, member]) => [
    { at: `${at}.${name}`, name, schema: member, isRequired: required.includes(name) },
    ...membersOf(`${at}.${name}`, member),
  ]);
  return [...own, ...inner];
}

/** All places of a description: named schemas, their members, query parameters. Pure. */
export function placesOf({ paths, components }: OpenApi): readonly Place[] {
  const named = Object.entries(components.schemas).flatMap(([name, schema]) => [
    { at: name, name, schema, isRequired: true },
    ...membersOf(name, schema),
  ]);
  const asked = Object.entries(paths).flatMap(([path, { get }]) =>
    get.parameters.map(({ name, schema, description, example }) => ({
      at: `${path}?${name}`,
      name,
      schema: { ...schema, description, ...(example === undefined ? {} : { examples: [example] }) },
      isRequired: true,
    })),
  );
  return [...named, ...asked];
}

/** What is wrong with a description: meanings, units, examples, and schemas that nothing refers to. Empty: nothing. */
export function apiFaults(api: OpenApi): readonly string[] {
  const { schemas } = api.components;
  const validate = validatorOf(api);
  const places = placesOf(api).flatMap(({ at, name, schema, isRequired }) => {
    // An example that is composed of valid ones is valid.
    const own = schema.examples ?? [];
    const wrong =
      exampleOf(schema, schemas) === undefined
        ? ['no example']
        : own.flatMap((one) => validate(schema, one)).map((fault) => `the example is invalid: ${fault}`);
    return [...meaningFaults(schema, isRequired), ...unitFaults(name, schema), ...wrong].map(
      (fault) => `${at}: ${fault}`,
    );
  });
  const text = JSON.stringify(api);
  const unused = Object.keys(schemas).filter((name) => !text.includes(`"#/components/schemas/${name}"`));
  return [...places, ...unused.map((name) => `${name}: nothing refers to it`)];
}

/** An answer over HTTP. */
export interface Answered {
  readonly statusCode: number;
  readonly contentType: string;
  readonly body: string;
}

/** What an answer has otherwise than its operation describes it. */
export function answerFaults(
  { responses }: Operation,
  answer: Answered,
  validate: Validate,
): readonly string[] {
  const { statusCode, contentType, body } = answer;
  const response = responses[statusCode];
  const type = contentType.split(';')[0] ?? '';
  if (response && response.content === undefined) return body === '' ? [] : ['a body is not described'];
  const content = response?.content?.[type];
  if (content === undefined) return [`${statusCode} ${type} is not described`];
  return content.schema ? validate(content.schema, JSON.parse(body)) : [];
}

/** What a service answers otherwise than its own description at `/openapi.json` states. @param isAsked which paths; undefined: all */
export async function serviceFaults(
  get: (path: string) => Promise<Answered>,
  isAsked = (_path: string): boolean => true,
): Promise<readonly string[]> {
  const api = JSON.parse((await get('/openapi.json')).body) as OpenApi;
  const validate = validatorOf(api);
  const asked = operationsOf(api).filter(([path]) => isAsked(path));
  const faults = await Promise.all(
    asked.map(async ([path, operation]) => {
      const answer = await get(`/${exampleAddress(path, operation)}`);
      return answerFaults(operation, answer, validate).map((fault) => `${path}: ${fault}`);
    }),
  );
  return asked.length === 0 ? ['no path was asked'] : faults.flat();
}

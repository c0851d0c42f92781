import { exampleOf, nameOf } from './example.ts';
import type { OpenApi, Operation, Schemas } from './openapi.ts';
import type { Schema } from './schema.ts';

/** A part of a text: plain, code, or a link to a named schema. */
export type Part = string | { readonly code: string } | { readonly schema: string };

/** A row of a table: cells of parts. */
export type Row = readonly (readonly Part[])[];

/** A table of the description. */
export interface ApiTable {
  readonly head: readonly string[];
  readonly rows: readonly Row[];
}

const code = (text: string): Part => ({ code: text });

const joined = (texts: readonly (readonly Part[])[], separator: string): readonly Part[] =>
  texts.flatMap((parts, nth) => (nth === 0 ? parts : [separator, ...parts]));

/** The type of a member as text, with links to named schemas. Pure. */
function typeParts(schema: Schema): readonly Part[] {
  const { $ref, oneOf, items, additionalProperties, enum: words, format, type } = schema;
  if ($ref) return [{ schema: nameOf($ref) }];
  if (oneOf) return joined(oneOf.map(typeParts), ' or ');
  if (items) return ['list of ', ...typeParts(items)];
  if (additionalProperties) return ['by name: ', ...typeParts(additionalProperties)];
  if (words)
    return joined(
      words.map((word) => [code(word)]),
      ' or ',
    );
  return [format ?? type ?? 'any'];
}

/** A description: what is between backticks is code. Pure. */
export const textParts = (text = ''): readonly Part[] =>
  text
    .split('`')
    .map((part, nth) => (nth % 2 === 1 ? code(part) : part))
    .filter((part) => part !== '');

const exampleParts = (example: unknown): readonly Part[] =>
  example === undefined ? [] : [code(JSON.stringify(example))];

/** The members of members have rows of their own, and named schemas have tables: only leaves show an example. */
const leafExample = ({ examples: [example] = [] }: Schema): readonly Part[] => exampleParts(example);

function memberRows(schema: Schema, path = ''): readonly Row[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, member]): readonly Row[] => {
    const { items, additionalProperties, description, 'x-unit': unit } = member;
    const type = [...typeParts(member), ...(required.includes(name) ? [] : [', optional'])];
    const end = items ? '[].' : additionalProperties ? '.*.' : '.';
    const row: Row = [
      [code(`${path}${name}`)],
      type,
      textParts(unit),
      textParts(description),
      leafExample(member),
    ];
    return [row, ...memberRows(items ?? additionalProperties ?? member, `${path}${name}${end}`)];
  });
}

/** The members of a named schema. Pure. */
export const memberTable = (schema: Schema): ApiTable => ({
  head: ['member', 'type', 'unit', 'meaning', 'example'],
  rows: memberRows(schema),
});

/** The query parameters of an operation. Pure. */
export const queryTable = ({ parameters }: Operation): ApiTable => ({
  head: ['query', 'type', 'unit', 'meaning', 'example'],
  rows: parameters.map(({ name, schema, required, description, example }) => [
    [code(name)],
    [...typeParts(schema), required ? ', required' : ', optional'],
    textParts(schema['x-unit']),
    textParts(description),
    exampleParts(example),
  ]),
});

/** The responses of an operation. Pure. */
export const responseTable = ({ responses }: Operation): ApiTable => ({
  head: ['status', 'when', 'what'],
  rows: Object.entries(responses).map(([status, { description, content = {} }]) => {
    const types = Object.entries(content).map(([type, { schema }]) => [
      ...(schema ? [...typeParts(schema), ', '] : []),
      code(type),
    ]);
    return [[status], textParts(description), joined(types, '; ')];
  }),
});

/** The path with the examples of the required query parameters, relative to the root. Pure. */
export function exampleAddress(path: string, { parameters }: Operation): string {
  const required = parameters.filter((one) => one.required);
  const asked = required.map(({ name, example }) => `${name}=${encodeURIComponent(String(example))}`);
  return `${path.slice(1)}${asked.length === 0 ? '' : `?${asked.join('&')}`}`;
}

/** The example of a named schema as indented JSON. Pure. */
export const exampleText = (schema: Schema, schemas: Schemas): string =>
  JSON.stringify(exampleOf(schema, schemas), null, 2);

/** All operations with their paths. Pure. */
export const operationsOf = ({ paths }: OpenApi): readonly (readonly [string, Operation])[] =>
  Object.entries(paths).map(([path, { get }]) => [path, get]);

import { exampleOf } from './example.ts';
import type { Schema } from './schema.ts';

/** A query parameter. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query';
  readonly required: boolean;
  readonly description: string;
  readonly schema: Schema;
  readonly example: unknown;
}

/** One type of content. */
export interface Content {
  readonly schema?: Schema;
  readonly example?: unknown;
}

/** A response, by content type. */
export interface Response {
  readonly description: string;
  readonly content?: Readonly<Record<string, Content>>;
}

/** One operation. */
export interface Operation {
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Readonly<Record<string, Response>>;
}

/** Schemas by name. */
export type Schemas = Readonly<Record<string, Schema>>;

/** The subset of OpenAPI 3.1 used here: every path has GET only. */
export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly schemas: Schemas };
}

/** A response of a route: what it means, and the name of its schema by content type; `undefined`: a body without a schema. */
export interface RouteResponse {
  readonly description: string;
  readonly content: Readonly<Record<string, string | undefined>>;
}

/** One route. */
export interface Route {
  readonly path: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  /** By status. */
  readonly responses: Readonly<Record<string, RouteResponse>>;
}

/** The content type of JSON. */
export const JSON_TYPE = 'application/json';

/** A response with JSON. @param schema name of its schema */
export const jsonResponse = (schema: string, description: string): RouteResponse => ({
  description,
  content: { [JSON_TYPE]: schema },
});

/** A query parameter with the description and the example of its schema. */
export function query(name: string, schema: Schema, required = false): Parameter {
  const { description = '', examples = [], ...rest } = schema;
  return { name, in: 'query', required, description, schema: rest, example: examples[0] };
}

const refTo = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

function responseOf({ description, content }: RouteResponse, schemas: Schemas): Response {
  const types = Object.entries(content).map(([type, name]): [string, Content] => [
    type,
    name === undefined ? {} : { schema: refTo(name), example: exampleOf(refTo(name), schemas) },
  ]);
  return types.length === 0 ? { description } : { description, content: Object.fromEntries(types) };
}

/** The OpenAPI 3.1 document of routes and their schemas, with examples of whole responses. Pure. */
export function openApiOf(info: OpenApi['info'], routes: readonly Route[], schemas: Schemas): OpenApi {
  const paths = routes.map(({ path, summary, parameters = [], responses }): [string, { get: Operation }] => {
    const described = Object.entries(responses).map(([status, one]): [string, Response] => [
      status,
      responseOf(one, schemas),
    ]);
    const get: Operation = { summary, parameters, responses: Object.fromEntries(described) };
    return [path, { get }];
  });
  return { openapi: '3.1.0', info, paths: Object.fromEntries(paths), components: { schemas } };
}

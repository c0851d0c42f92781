import type { Schema } from './schema.ts';

type Schemas = Readonly<Record<string, Schema>>;

/** The name of a schema that is referred to. Pure. */
export const nameOf = (reference: string): string => reference.replace(/.*\//, '');

/**
 * The example of a schema: its own, or one composed of the examples of its required members, items and named schemas. `undefined`:
 * there is none. Pure.
 */
export function exampleOf(schema: Schema, schemas: Schemas): unknown {
  const { examples, $ref, oneOf: [first] = [], items, properties, additionalProperties } = schema;
  if (examples) return examples[0];
  const other = $ref === undefined ? first : schemas[nameOf($ref)];
  if (other) return exampleOf(other, schemas);
  if (items) return [exampleOf(items, schemas)];
  if (properties) return objectExample(schema, schemas);
  return additionalProperties && { [nameIn(schema)]: exampleOf(additionalProperties, schemas) };
}

const nameIn = ({ propertyNames }: Schema): string => String(propertyNames?.examples?.[0]);

function objectExample({ properties = {}, required = [] }: Schema, schemas: Schemas): object {
  const members = Object.entries(properties).filter(([name]) => required.includes(name));
  return Object.fromEntries(members.map(([name, member]) => [name, exampleOf(member, schemas)]));
}

import { readFile } from 'node:fs/promises';
import { isRecord } from '@hangar/shared/json';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

interface Definition {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: object };
    }[];
  };
}

/** What is wrong with an object, one problem an entry; empty: nothing. */
export type KindCheck = (object: unknown) => readonly string[];

/**
 * Reads a CustomResourceDefinition: the check finds missing and unknown fields, wrong types and patterns, as an API server does with strict
 * validation. Rules in CEL are left to a real API server (dry-run.test.ts).
 */
export async function kindCheck(file: string, version: string): Promise<KindCheck> {
  const { spec } = parse(await readFile(file, 'utf8')) as Definition;
  const found = spec.versions.find(({ name }) => name === version);
  if (found === undefined) throw new Error(`${file} has no version ${version}`);
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(
    closed(found.schema.openAPIV3Schema) as object,
  );
  return (object) => {
    validate(object);
    return (validate.errors ?? []).map(({ instancePath, message, params }) =>
      `${instancePath} ${message} ${params['additionalProperty'] ?? ''}`.trim(),
    );
  };
}

/** The schema without room for fields that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isRecord(schema)) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isOpen = inner['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in inner;
  return isRecord(inner['properties']) && inner['type'] === 'object' && !isOpen
    ? { ...inner, additionalProperties: false }
    : inner;
}

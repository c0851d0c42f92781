import { parseByteSize } from '@hangar/shared/units';
import { splitDocuments } from '../parse/documents.ts';
import type { YamlNode } from '../parse/yaml-node.ts';
import { resolveScalar, wholeNumber } from '../parse/yaml-scalar.ts';
import { parseYamlTree, TokenBudget } from '../parse/yaml-tree.ts';
import type { Condition } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';

/** An invalid configuration file; the message has the place and the reason. */
export class ConfigFileError extends Error {
  override readonly name = 'ConfigFileError';
}

type Scalar = Extract<YamlNode, { readonly kind: 'scalar' }>;

/**
 * All documents of a YAML text, read by the rules of pipeline files: a scalar is its text as written, or null.
 *
 * @throws {ConfigFileError} for invalid YAML
 */
export const readYamlDocuments = (text: string): readonly unknown[] => documentsOf(text, writtenText);

/**
 * The first document of a YAML text as Helm reads it, which has the number and switch rules of pipelines. A number that JavaScript cannot hold
 * stays a text.
 *
 * @throws {ConfigFileError} for invalid YAML
 */
export const readTypedYaml = (text: string): unknown => documentsOf(text, typedScalar)[0] ?? null;

function documentsOf(text: string, scalarOf: (node: Scalar) => unknown): readonly unknown[] {
  const budget = new TokenBudget();
  try {
    const values = splitDocuments(text).map((document) => valueOf(parseYamlTree(document, budget), scalarOf));
    // Nothing stands before a first line of three dashes.
    return values[0] === null ? values.slice(1) : values;
  } catch (error) {
    if (error instanceof PipelineError) throw new ConfigFileError(error.message.replace(/^yaml: /, ''));
    throw error;
  }
}

function valueOf(node: YamlNode, scalarOf: (node: Scalar) => unknown): unknown {
  switch (node.kind) {
    case 'seq':
      return node.items.map((item) => valueOf(item, scalarOf));
    case 'map':
      return Object.fromEntries(node.entries.map(([key, value]) => [keyOf(key), valueOf(value, scalarOf)]));
    case 'scalar':
      return scalarOf(node);
  }
}

function writtenText(node: Scalar): string | null {
  const value = resolveScalar(node);
  if (value.kind === 'null') return null;
  return value.kind === 'text' ? value.value : node.text;
}

function typedScalar(node: Scalar): unknown {
  const value = resolveScalar(node);
  if (value.kind === 'null') return null;
  if (value.kind !== 'int' && value.kind !== 'float') return value.value;
  const number = Number(value.value);
  const isExact = value.kind === 'int' ? Number.isSafeInteger(number) : Number.isFinite(number);
  return isExact ? number : node.text;
}

function keyOf(key: YamlNode): string {
  if (key.kind === 'scalar') return textAt(writtenText(key), 'a key');
  throw new ConfigFileError(`line ${key.line}: a key must be a string`);
}

/** A map; empty if absent. */
export function mapAt(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new ConfigFileError(`${place} must be a map`);
}

/** A list; empty if absent. */
export function listAt(value: unknown, place: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new ConfigFileError(`${place} must be a list`);
}

/** A text; numbers and booleans are texts as written. */
export function textAt(value: unknown, place: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new ConfigFileError(`${place} must be a string`);
}

/** A map of strings. */
export function textsAt(value: unknown, place: string): Readonly<Record<string, string>> {
  const entries = Object.entries(mapAt(value, place));
  return Object.fromEntries(entries.map(([key, one]) => [key, textAt(one, `${place}.${key}`)]));
}

/** A list of strings. */
export function textListAt(value: unknown, place: string): readonly string[] {
  return listAt(value, place).map((one, index) => textAt(one, `${place}[${index}]`));
}

/** A whole number of 0 or more; 0 if absent. Fractions are truncated, as in pipelines. */
export function wholeAt(value: unknown, place: string): number {
  const text = textAt(value, place);
  if (text === '') return 0;
  const number = wholeNumber(text);
  if (number !== undefined && number >= 0) return number;
  throw new ConfigFileError(`${place} must be a whole number of 0 or more`);
}

/** A size in bytes; 0 if absent. A number without a unit is read as in pipelines. */
export function bytesAt(value: unknown, place: string): number {
  const text = textAt(value, place);
  if (text === '') return 0;
  const bytes = wholeNumber(text) ?? parseByteSize(text.trim());
  if (bytes !== undefined && bytes >= 0) return bytes;
  throw new ConfigFileError(`${place} must be a size such as 100Mi`);
}

/** Keys that have no effect, which are usually misspelt. */
export function unknownKeys(value: unknown, place: string, known: readonly string[]): readonly string[] {
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  return keys
    .filter((key) => !known.includes(key))
    .map((key) => `${place}: unknown key ${JSON.stringify(key)} (known: ${known.join(', ')})`);
}

/** Globs to include and to exclude. */
export function conditionAt(raw: unknown, place: string): Condition {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return { include: oneOrMore(raw, place), exclude: [] };
  const { include, exclude } = mapAt(raw, place);
  return { include: oneOrMore(include, `${place}.include`), exclude: oneOrMore(exclude, `${place}.exclude`) };
}

/** A scalar counts as a list of one (known issue 41). */
function oneOrMore(raw: unknown, place: string): readonly string[] {
  if (raw === undefined || raw === null) return [];
  return Array.isArray(raw) ? textListAt(raw, place) : [textAt(raw, place)];
}

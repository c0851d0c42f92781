import { parseByteSize } from '@hangar/shared/units';
import { parseAllDocuments } from 'yaml';

/** An invalid configuration file; the message has the place and the reason. */
export class ConfigFileError extends Error {
  override readonly name = 'ConfigFileError';
}

/** All documents of a YAML 1.1 text, the version that these files were written for. */
export function readYamlDocuments(text: string): readonly unknown[] {
  const documents = parseAllDocuments(text, { version: '1.1', prettyErrors: true });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error) throw new ConfigFileError(error.message.split('\n')[0] ?? 'not YAML');
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  });
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

/** A text; numbers and booleans are accepted as written. */
export function textAt(value: unknown, place: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  throw new ConfigFileError(`${place} must be a text`);
}

/** A map of texts. */
export function textsAt(value: unknown, place: string): Readonly<Record<string, string>> {
  const entries = Object.entries(mapAt(value, place));
  return Object.fromEntries(entries.map(([key, one]) => [key, textAt(one, `${place}.${key}`)]));
}

/** A list of texts. */
export function textListAt(value: unknown, place: string): readonly string[] {
  return listAt(value, place).map((one, index) => textAt(one, `${place}[${index}]`));
}

/** A whole number of 0 or more; 0 if absent. */
export function wholeAt(value: unknown, place: string): number {
  if (value === undefined || value === null) return 0;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  throw new ConfigFileError(`${place} must be a whole number of 0 or more`);
}

/** A size in bytes; 0 if absent. */
export function bytesAt(value: unknown, place: string): number {
  const text = textAt(value, place);
  if (text === '') return 0;
  const bytes = parseByteSize(text.trim());
  if (bytes !== undefined) return bytes;
  throw new ConfigFileError(`${place} must be a size such as 100Mi`);
}

/** Keys that have no effect, which are usually misspelt. */
export function unknownKeys(value: unknown, place: string, known: readonly string[]): readonly string[] {
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  return keys
    .filter((key) => !known.includes(key))
    .map((key) => `${place}: unknown key ${JSON.stringify(key)} (known: ${known.join(', ')})`);
}

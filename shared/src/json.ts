/** A JSON object whose members are not validated yet. */
export type JsonRecord = Record<string, unknown>;

/** Reports whether a value is a JSON object, neither null nor an array. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value if it is an object, else an empty object: for reading optional members. */
export const recordOf = (value: unknown): JsonRecord => (isRecord(value) ? value : {});

/** The value if it is an array, else an empty array. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The objects in an array; none if the value is not an array. */
export const recordsOf = (value: unknown): JsonRecord[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

/** The value if it is a string, else an empty string. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The strings in an array; none if the value is not an array. */
export const textsOf = (value: unknown): readonly string[] =>
  listOf(value).filter((one) => typeof one === 'string');

/** The members of an object that are strings; none if the value is not an object. */
export const textMapOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(recordOf(value)).filter(
      (member): member is [string, string] => typeof member[1] === 'string',
    ),
  );

/** Parses JSON; undefined, which JSON can't express, if the text is invalid. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A JSON object whose members nobody has checked yet. */
export type JsonRecord = Record<string, unknown>;

/** Is it a JSON object, neither null nor an array? */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value if it is an object, else an empty one: for reading what somebody may have left out. */
export const recordOf = (value: unknown): JsonRecord => (isRecord(value) ? value : {});

/** The value if it is an array, else an empty one. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The objects of an array; none of anything else. */
export const recordsOf = (value: unknown): JsonRecord[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

/** The value if it is text, else empty. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The texts of an array; none of anything else. */
export const textsOf = (value: unknown): readonly string[] =>
  listOf(value).filter((one) => typeof one === 'string');

/** The members of an object that are texts; none of anything else. */
export const textMapOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(recordOf(value)).filter(
      (member): member is [string, string] => typeof member[1] === 'string',
    ),
  );

/** What JSON says; undefined, which no JSON says, when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Reads and writes JSON as strictly, and as loosely, as the server's Go decoder does (drone-rpc §1.3): integers must be
 * written as integers, strings as strings; names match in any case; unknown members are ignored; missing and null
 * members are zero.
 */

/** How one member of a wire object is typed. */
export type Kind = 'int' | 'string' | 'bool' | 'strings' | 'map' | 'raw' | { readonly list: Shape };

/** The members of a wire object in the order in which Go writes them. */
export type Shape = { readonly [member: string]: Kind };

interface Scalars {
  int: number;
  string: string;
  bool: boolean;
  strings: readonly string[];
  map: Readonly<Record<string, string>>;
  raw: unknown;
}

type DecodedKind<K> = K extends keyof Scalars
  ? Scalars[K]
  : K extends { readonly list: infer S }
    ? S extends Shape
      ? readonly Decoded<S>[]
      : never
    : never;

/** The value that a shape describes. */
export type Decoded<S extends Shape> = { readonly [M in keyof S]: DecodedKind<S[M]> };

/** The body can't be decoded; the real server answers 500 with such a text. */
export class GoJsonError extends Error {}

/** A number that isn't written as an integer; it fits no member of any shape. */
class NonInteger {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type SourceReviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** TypeScript 6 does not yet know the third argument of the reviver, which Node 24 passes. */
const parseWithSource = JSON.parse as (text: string, reviver: SourceReviver) => unknown;

const keepIntegers: SourceReviver = (_key, value, { source = '' }) =>
  typeof value !== 'number' || /^-?\d+$/.test(source) ? value : new NonInteger(source);

/** Parses a whole body; throws GoJsonError with `EOF` for an empty one. */
export function parseGoJson(text: string): unknown {
  if (text.trim() === '') throw new GoJsonError('EOF');
  try {
    return parseWithSource(text, keepIntegers);
  } catch (error) {
    throw new GoJsonError(`invalid character in JSON: ${String(error)}`);
  }
}

/** Decodes one object by its shape; throws GoJsonError naming the member that does not fit. */
export function decodeObject<S extends Shape>(value: unknown, shape: S, place: string): Decoded<S> {
  const decoded: Record<string, unknown> = {};
  for (const [member, kind] of Object.entries(shape)) decoded[member] = zero(kind);
  if (value === null || value === undefined) return decoded as Decoded<S>;
  if (!isMembers(value)) throw mismatch(value, place, 'object');
  const names = new Map(Object.keys(shape).map((member) => [member.toLowerCase(), member]));
  for (const [name, given] of Object.entries(value)) {
    const member = names.get(name.toLowerCase());
    const kind = member === undefined ? undefined : shape[member];
    if (member === undefined || kind === undefined || given === null) continue;
    decoded[member] = decodeKind(given, kind, `${place}.${member}`);
  }
  return decoded as Decoded<S>;
}

/** Decodes an array of objects; null is an empty one. */
export function decodeList<S extends Shape>(value: unknown, shape: S, place: string): readonly Decoded<S>[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw mismatch(value, place, 'array');
  return value.map((item: unknown, index) => decodeObject(item, shape, `${place}[${index}]`));
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NonInteger)
  );
}

function decodeKind(value: unknown, kind: Kind, place: string): unknown {
  if (typeof kind === 'object') return decodeList(value, kind.list, place);
  switch (kind) {
    case 'int':
      return expectType(value, 'number', place);
    case 'string':
      return expectType(value, 'string', place);
    case 'bool':
      return expectType(value, 'boolean', place);
    case 'strings':
      return decodeStrings(value, place);
    case 'map':
      return decodeMap(value, place);
    case 'raw':
      return value;
  }
}

function expectType(value: unknown, type: 'number' | 'string' | 'boolean', place: string): unknown {
  if (typeof value !== type) throw mismatch(value, place, type === 'number' ? 'int64' : type);
  return value;
}

function decodeStrings(value: unknown, place: string): string[] {
  if (!Array.isArray(value)) throw mismatch(value, place, '[]string');
  return value.map((item: unknown) => (item === null ? '' : String(expectType(item, 'string', place))));
}

function decodeMap(value: unknown, place: string): Record<string, string> {
  if (!isMembers(value)) throw mismatch(value, place, 'map[string]string');
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      item === null ? '' : String(expectType(item, 'string', place)),
    ]),
  );
}

function zero(kind: Kind): unknown {
  if (typeof kind === 'object') return [];
  switch (kind) {
    case 'int':
      return 0;
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'strings':
      return [];
    case 'map':
      return {};
    case 'raw':
      return undefined;
  }
}

function mismatch(value: unknown, place: string, wanted: string): GoJsonError {
  const found = value instanceof NonInteger ? `number ${value.source}` : describe(value);
  return new GoJsonError(`json: cannot unmarshal ${found} into Go struct field ${place} of type ${wanted}`);
}

function describe(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
}

/** Writes members in the shape's order, leaving out the empty ones that are listed as optional. */
export function encodeObject<S extends Shape>(
  value: Decoded<S>,
  shape: S,
  optional: ReadonlySet<string>,
): Record<string, unknown> {
  const members: Record<string, unknown> = value;
  return Object.fromEntries(
    Object.keys(shape)
      .filter((member) => !(optional.has(member) && isEmpty(members[member])))
      .map((member) => [member, members[member]]),
  );
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object') return Object.keys(value).length === 0;
  return value === 0 || value === '' || value === false;
}

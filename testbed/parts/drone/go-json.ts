/**
 * Reads and writes JSON as strictly, and as loosely, as the server's Go decoder does (drone-rpc §1.3): integers must be
 * written as integers, strings as strings; names match in any case; unknown members are ignored; missing and null
 * members are zero.
 */

/** How one member of a wire object is typed. */
export type JsonKind = 'int' | 'string' | 'bool' | 'strings' | 'map' | 'raw' | { readonly list: JsonShape };

/** The members of a wire object in the order in which Go writes them. */
export type JsonShape = { readonly [member: string]: JsonKind };

/** What a member's kind is in JavaScript, how Go calls it, and what a missing member is read as. */
const SCALARS = {
  int: { type: 'number', goType: 'int64', zero: 0 },
  string: { type: 'string', goType: 'string', zero: '' },
  bool: { type: 'boolean', goType: 'boolean', zero: false },
} as const;

interface Values {
  int: number;
  string: string;
  bool: boolean;
  strings: readonly string[];
  map: Readonly<Record<string, string>>;
  raw: unknown;
}

type DecodedKind<K> = K extends keyof Values
  ? Values[K]
  : K extends { readonly list: infer S extends JsonShape }
    ? readonly Decoded<S>[]
    : never;

/** The value that a shape describes. */
export type Decoded<S extends JsonShape> = { readonly [M in keyof S]: DecodedKind<S[M]> };

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
export function decodeObject<S extends JsonShape>(value: unknown, shape: S, place: string): Decoded<S> {
  const decoded: Record<string, unknown> = {};
  for (const [member, kind] of Object.entries(shape)) decoded[member] = zero(kind);
  if (value === null || value === undefined) return decoded as Decoded<S>;
  if (!isMembers(value)) throw mismatch(value, place, 'object');
  const names = new Map(Object.keys(shape).map((member) => [member.toLowerCase(), member]));
  for (const [name, given] of Object.entries(value)) {
    const member = names.get(name.toLowerCase()) ?? '';
    const kind = shape[member];
    if (kind === undefined || given === null) continue;
    decoded[member] = decodeKind(given, kind, `${place}.${member}`);
  }
  return decoded as Decoded<S>;
}

/** Decodes an array of objects; null is an empty one. */
export function decodeList<S extends JsonShape>(
  value: unknown,
  shape: S,
  place: string,
): readonly Decoded<S>[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw mismatch(value, place, 'array');
  return value.map((item: unknown, index) => decodeObject(item, shape, `${place}[${index}]`));
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NonInteger)
  );
}

function decodeKind(value: unknown, kind: JsonKind, place: string): unknown {
  if (typeof kind === 'object') return decodeList(value, kind.list, place);
  switch (kind) {
    case 'strings':
      if (!Array.isArray(value)) throw mismatch(value, place, '[]string');
      return value.map((item: unknown) => decodeText(item, place));
    case 'map':
      if (!isMembers(value)) throw mismatch(value, place, 'map[string]string');
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, decodeText(item, place)]));
    case 'raw':
      return value;
    default:
      return decodeScalar(value, kind, place);
  }
}

function decodeScalar(value: unknown, kind: keyof typeof SCALARS, place: string): unknown {
  const { type, goType } = SCALARS[kind];
  if (typeof value !== type) throw mismatch(value, place, goType);
  return value;
}

function decodeText(value: unknown, place: string): unknown {
  return value === null ? '' : decodeScalar(value, 'string', place);
}

function zero(kind: JsonKind): unknown {
  if (typeof kind === 'object' || kind === 'strings') return [];
  if (kind === 'map') return {};
  return kind === 'raw' ? undefined : SCALARS[kind].zero;
}

function mismatch(value: unknown, place: string, wanted: string): GoJsonError {
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const found = value instanceof NonInteger ? `number ${value.source}` : type;
  return new GoJsonError(`json: cannot unmarshal ${found} into Go struct field ${place} of type ${wanted}`);
}

/** Writes members in the shape's order, leaving out the empty ones that are listed as optional. */
export function encodeObject<S extends JsonShape>(
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
  return typeof value === 'object' && value !== null ? Object.keys(value).length === 0 : !value;
}

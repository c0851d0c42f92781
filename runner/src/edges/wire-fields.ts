import { recordOf, textMapOf, textOf, textsOf } from '@hangar/shared/json';
import type { Status } from '../pipeline/drone.ts';

/** How a member travels. `number` members are integers: Go refuses `1.5` and `"1"` with a 500 (drone-rpc §1.3). */
export interface WireTypes {
  readonly int: number;
  readonly text: string;
  readonly flag: boolean;
  readonly status: Status;
  readonly texts: readonly string[];
  readonly map: Readonly<Record<string, string>>;
}

/** Our word → name on the wire and how it travels. One table serves both directions. */
export type WireFields = Readonly<Record<string, readonly [wire: string, type: keyof WireTypes]>>;

/** What a table of fields reads to. */
export type Read<F extends WireFields> = { readonly [K in keyof F]: WireTypes[F[K][1]] };

/** An integer, rounded down; anything else counts as 0. */
export function asInt(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.floor(value) : 0;
}

const STATUSES: ReadonlySet<string> = new Set<Status>([
  'waiting_on_dependencies',
  'blocked',
  'pending',
  'running',
  'success',
  'failure',
  'error',
  'killed',
  'skipped',
  'declined',
]);

function isStatus(value: unknown): value is Status {
  return typeof value === 'string' && STATUSES.has(value);
}

const READERS: { readonly [T in keyof WireTypes]: (value: unknown) => WireTypes[T] } = {
  int: asInt,
  text: textOf,
  flag: (value) => value === true,
  // The server itself takes an empty status for `pending` (drone-rpc §2.4); a word of the future can only be asked about again.
  status: (value) => (isStatus(value) ? value : 'pending'),
  texts: textsOf,
  map: textMapOf,
};

/** Reads all fields of a table; missing, null and zero are one and the same (drone-rpc §1.3). */
export function readFields<F extends WireFields>(fields: F, raw: unknown): Read<F> {
  const object = recordOf(raw);
  const entries = Object.entries(fields).map(([word, [wire, type]]) => [word, READERS[type](object[wire])]);
  return Object.fromEntries(entries) as Read<F>;
}

/** Reads only the fields that the answer speaks of. */
export function readPresent<F extends WireFields>(fields: F, raw: unknown): Partial<Read<F>> {
  const object = recordOf(raw);
  const entries = Object.entries(fields)
    .filter(([, [wire]]) => object[wire] !== undefined && object[wire] !== null)
    .map(([word, [wire, type]]) => [word, READERS[type](object[wire])]);
  return Object.fromEntries(entries) as Partial<Read<F>>;
}

/** Writes all fields of a table, since a PUT wipes what it leaves out (drone-rpc §2.4). Numbers are rounded down. */
export function writeFields<F extends WireFields>(fields: F, words: Read<F>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([word, [wire, type]]) => {
      const value: unknown = words[word];
      return [wire, type === 'int' ? asInt(value) : value];
    }),
  );
}

import type { ReadValue } from './config.ts';
import { formatCpuMillicores, formatMemoryBytes, parseCpuMillicores } from './quantity.ts';
import { formatSpan, parseSpanMs } from './span.ts';
import { parseByteSize } from './units.ts';

/** A type of value: how it is parsed, and how it is written in documentation. */
export interface ValueKind<T> {
  readonly type: string;
  readonly read: ReadValue<T>;
  /** Formats a value for people, if that differs from its plain text. */
  show?(value: T): string;
}

/** Any text, unchanged. */
export const TEXT: ValueKind<string> = { type: 'text', read: (value) => ({ value }) };

const LEAST_TOKEN_CHARS = 16;

/** A bearer token: visible ASCII, long enough not to be guessed. */
export const TOKEN: ValueKind<string> = {
  type: `a token of ${LEAST_TOKEN_CHARS} or more characters without spaces, such as the output of \`openssl rand -hex 32\``,
  read: (text) => {
    const value = text.trim();
    if (!/^[\x21-\x7e]*$/.test(value))
      return { wrong: 'contains characters that are not allowed in an HTTP header' };
    return value.length < LEAST_TOKEN_CHARS ? { wrong: 'is too short' } : { value };
  },
};

const TRUE = ['1', 't', 'true'];
const FALSE = ['0', 'f', 'false'];

/** `true` or `false`, in all spellings that Go accepts. */
export const FLAG: ValueKind<boolean> = {
  type: '`true` or `false`',
  read: (text) => {
    const word = text.trim().toLowerCase();
    if (TRUE.includes(word)) return { value: true };
    return FALSE.includes(word) ? { value: false } : { wrong: 'is neither true nor false' };
  },
};

/** A whole number within bounds as Go parses it: decimal, `0x…`, `0b…`, octal `0o…` or `0…`, with `_` between digits. */
export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): ValueKind<number> {
  const top = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
  return {
    type: `a whole number${top === '' ? `, ${min} or more` : ` from ${min}${top}`}`,
    read: (text) => {
      const value = wholeNumber(text.trim());
      if (value === undefined) return { wrong: 'is not a whole number' };
      return value < min || value > max ? { wrong: `is out of bounds` } : { value };
    },
  };
}

const DECIMAL_DIGITS = /^(?:0|[1-9](?:_?\d)*)$/;
const PREFIXED_DIGITS = /^0(?:[xX](?:_?[\da-fA-F])+|[bB](?:_?[01])+|[oO](?:_?[0-7])+)$/;
const OCTAL_DIGITS = /^0(?:_?[0-7])+$/;

/** The syntax of strconv.ParseInt with base 0 (https://pkg.go.dev/strconv#ParseInt). */
function wholeNumber(text: string): number | undefined {
  const [, sign, digits = ''] = /^([+-]?)(.*)$/.exec(text) ?? [];
  const plain = digits.replaceAll('_', '');
  const isOctal = OCTAL_DIGITS.test(digits);
  if (!isOctal && !DECIMAL_DIGITS.test(digits) && !PREFIXED_DIGITS.test(digits)) return undefined;
  const value = isOctal ? Number.parseInt(plain, 8) : Number(plain);
  return Number.isSafeInteger(value) ? (sign === '-' ? -value : value) : undefined;
}

/** A decimal number ≥ 0. */
export const DECIMAL: ValueKind<number> = {
  type: 'a number, such as 20 or 7.5',
  read: (text) => {
    const value = Number(text);
    return Number.isFinite(value) && value >= 0 ? { value } : { wrong: 'is not a number of 0 or more' };
  },
};

/** A size; all units are binary, so `100M` and `100MiB` are the same. */
export const BYTES: ValueKind<number> = {
  type: 'a size such as 5MiB, 100Mi, 1.5GB or 5242880 (units are binary)',
  read: (text) => valueOr(parseByteSize(text.trim()), 'is not a size'),
  show: formatMemoryBytes,
};

/** CPU as Kubernetes writes it, in millicores. */
export const CPU: ValueKind<number> = {
  type: 'CPU such as 16, 1.5 or 500m',
  read: (text) => {
    const cpuMillicores = parseCpuMillicores(text.trim());
    return valueOr(
      cpuMillicores !== undefined && cpuMillicores >= 0 ? cpuMillicores : undefined,
      'is not an amount of CPU',
    );
  },
  show: formatCpuMillicores,
};

/** A duration with a unit, in milliseconds. */
export const DURATION: ValueKind<number> = {
  type: 'a duration such as 90s, 15m, 6h or 1h30m',
  read: (text) => valueOr(parseSpanMs(text.trim()), 'is not a duration'),
  show: formatSpan,
};

/** The same type with a minimum. */
export function atLeast(least: number, kind: ValueKind<number>): ValueKind<number> {
  const bound = kind.show?.(least) ?? String(least);
  return {
    ...kind,
    type: `${kind.type}, ${bound} or more`,
    read: (text) => {
      const result = kind.read(text);
      return 'value' in result && result.value < least ? { wrong: `is less than ${bound}` } : result;
    },
  };
}

const valueOr = <T>(value: T | undefined, wrong: string): ReturnType<ReadValue<T>> =>
  value === undefined ? { wrong } : { value };

/** Comma-separated texts; surrounding spaces are removed. */
export const LIST: ValueKind<readonly string[]> = {
  type: 'comma-separated list',
  read: (text) => ({ value: items(text) }),
};

/** Comma-separated `name:value` pairs; the first colon separates, so that values may contain colons. */
export const MAP: ValueKind<Readonly<Record<string, string>>> = {
  type: 'comma-separated `name:value` pairs',
  read: (text) => {
    const pairs = items(text).map((item) => [item, item.indexOf(':')] as const);
    const bare = pairs.findIndex(([, colon]) => colon < 1);
    if (bare >= 0) return { wrong: `has no name before a colon in item ${bare + 1}` };
    return {
      value: Object.fromEntries(
        pairs.map(([item, colon]) => [item.slice(0, colon).trim(), item.slice(colon + 1).trim()]),
      ),
    };
  },
};

/** One of a fixed list of values. */
export function oneOf<const W extends string>(...words: readonly W[]): ValueKind<W> {
  return {
    type: `one of ${words.map((word) => `\`${word}\``).join(', ')}`,
    read: (text) => {
      const value = words.find((word) => word === text.trim().toLowerCase());
      return value === undefined ? { wrong: 'is not one of the allowed values' } : { value };
    },
  };
}

/** The same type, undefined if the variable isn't set. */
export function maybe<T>({ type, read }: ValueKind<T>): ValueKind<T | undefined> {
  return { type, read };
}

function items(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

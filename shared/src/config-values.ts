import type { ReadValue } from './config.ts';

/** A type of value: how it is read, and how it is written, for people. */
export interface ValueKind<T> {
  readonly type: string;
  readonly read: ReadValue<T>;
}

/** Any text, as it stands. */
export const TEXT: ValueKind<string> = { type: 'text', read: (value) => ({ value }) };

const TRUE = ['1', 't', 'true'];
const FALSE = ['0', 'f', 'false'];

/** `true` or `false`, in all spellings that Go takes. */
export const FLAG: ValueKind<boolean> = {
  type: '`true` or `false`',
  read: (text) => {
    const word = text.trim().toLowerCase();
    if (TRUE.includes(word)) return { value: true };
    return FALSE.includes(word) ? { value: false } : { wrong: 'is neither true nor false' };
  },
};

/** A whole number within bounds, decimal, `0x…` or octal `0…`, as Go reads it. */
export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): ValueKind<number> {
  const top = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
  return {
    type: `a whole number${top === '' ? `, ${min} or more` : ` from ${min}${top}`}`,
    read: (text) => {
      const value = wholeNumber(text.trim());
      if (value === undefined) return { wrong: 'is no whole number' };
      return value < min || value > max ? { wrong: `is out of bounds` } : { value };
    },
  };
}

function wholeNumber(text: string): number | undefined {
  const [, sign, digits] = /^([+-]?)(0[xX][0-9a-fA-F]+|\d+)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const octal = /^0[0-7]+$/.test(digits);
  const value = octal ? Number.parseInt(digits, 8) : Number(digits);
  return Number.isSafeInteger(value) ? (sign === '-' ? -value : value) : undefined;
}

/** A number with a fraction, not negative. */
export const DECIMAL: ValueKind<number> = {
  type: 'a number, such as 20 or 7.5',
  read: (text) => {
    const value = Number(text);
    return Number.isFinite(value) && value >= 0 ? { value } : { wrong: 'is no number of 0 or more' };
  },
};

const POWER: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** A size; all units are binary, so `100M` and `100MiB` are the same. */
export const BYTES: ValueKind<number> = {
  type: 'a size such as 5242880, 100Mi or 1.5GB (units are binary)',
  read: (text) => {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text.trim()) ?? [];
    if (digits === undefined) return { wrong: 'is no size' };
    return { value: Math.trunc(Number(digits) * 1024 ** (POWER[unit.toLowerCase()] ?? 0)) };
  },
};

/** CPU as Kubernetes writes it, in millicores. */
export const CPU: ValueKind<number> = {
  type: 'CPU such as 16, 1.5 or 500m',
  read: (text) => {
    const [, digits, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(text.trim()) ?? [];
    if (digits === undefined) return { wrong: 'is no amount of CPU' };
    return { value: Math.round(Number(digits) * (milli === 'm' ? 1 : 1_000)) };
  },
};

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A span of time with its unit, in milliseconds. */
export const DURATION: ValueKind<number> = {
  type: 'a span such as 90s, 15m, 6h or 1h30m',
  read: (text) => {
    const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
    if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trim())
      return { wrong: 'is no span of time' };
    return {
      value: Math.round(
        parts.reduce((sum, [, digits, unit]) => sum + Number(digits) * (UNIT_MS[unit ?? ''] ?? 0), 0),
      ),
    };
  },
};

/** Texts with commas between, blanks around them cut. */
export const LIST: ValueKind<readonly string[]> = {
  type: 'texts with commas between',
  read: (text) => ({ value: items(text) }),
};

/** `name:value` pairs with commas between; the first colon separates, so that values may hold colons. */
export const MAP: ValueKind<Readonly<Record<string, string>>> = {
  type: '`name:value` pairs with commas between',
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

/** One of a few words. */
export function oneOf<const W extends string>(...words: readonly W[]): ValueKind<W> {
  return {
    type: `one of ${words.map((word) => `\`${word}\``).join(', ')}`,
    read: (text) => {
      const value = words.find((word) => word === text.trim().toLowerCase());
      return value === undefined ? { wrong: 'is none of the known words' } : { value };
    },
  };
}

/** The same kind, with nothing where the variable isn't set. */
export function maybe<T>(kind: ValueKind<T>): ValueKind<T | undefined> {
  return kind;
}

function items(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

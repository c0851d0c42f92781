/** Converts Kubernetes quantities ("500m", "2Gi", "1e3") to exact integers and back. */

const QUANTITY =
  /^([+-]?)(\d{0,40})(?:\.(\d{0,40}))?(m|u|n|Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E|[eE][+-]?\d{1,2})?$/;
const DECIMAL_POWERS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_UNITS = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

function suffixFactor(suffix: string): Fraction {
  const binary = BINARY_UNITS.findIndex((unit) => unit === suffix);
  if (binary >= 0) return { numerator: 1024n ** BigInt(binary + 1), denominator: 1n };
  const power = DECIMAL_POWERS[suffix] ?? (suffix === '' ? 0 : Number(suffix.slice(1)));
  const factor = 10n ** BigInt(Math.abs(power));
  return power < 0 ? { numerator: 1n, denominator: factor } : { numerator: factor, denominator: 1n };
}

function parseFraction(text: string): Fraction | undefined {
  const [, sign, whole, decimals = '', suffix = ''] = QUANTITY.exec(text) ?? [];
  if (whole === undefined || whole + decimals === '') return undefined;
  const factor = suffixFactor(suffix);
  const digits = BigInt(whole + decimals) * (sign === '-' ? -1n : 1n);
  return {
    numerator: digits * factor.numerator,
    denominator: 10n ** BigInt(decimals.length) * factor.denominator,
  };
}

/**
 * Any quantity as a number, which may be fractional or inexact: `500m` → 0.5, `1Gi` → 1073741824.
 *
 * @returns undefined if the text is not a quantity
 */
export function parseQuantity(text: string): number | undefined {
  const fraction = parseFraction(text);
  return fraction && Number(fraction.numerator) / Number(fraction.denominator);
}

/** Rounds away from zero, as the API server does with values finer than its resolution. */
function scaledInteger(text: string, scale: bigint): number | undefined {
  const fraction = parseFraction(text);
  if (fraction === undefined) return undefined;
  const numerator = fraction.numerator * scale;
  const quotient = numerator / fraction.denominator;
  const inexact = quotient * fraction.denominator !== numerator;
  const value = Number(inexact ? quotient + (numerator < 0n ? -1n : 1n) : quotient);
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * CPU quantity in millicores: `500m` → 500, `2` → 2000.
 *
 * @returns an integer, rounded away from zero; undefined if the text is not a quantity
 */
export const parseCpuMillicores = (text: string): number | undefined => scaledInteger(text, 1000n);

/**
 * Memory (or another countable) quantity in whole units: `2Gi` → 2147483648, `100M` → 100000000, `1500m` → 2.
 *
 * @returns an integer, rounded away from zero; undefined if the text is not a quantity
 */
export const parseMemoryBytes = (text: string): number | undefined => scaledInteger(text, 1n);

/** Canonical CPU quantity of whole millicores: 2000 → `2`, 1500 → `1500m`. */
export function formatCpuMillicores(cpuMillicores: number): string {
  const rounded = Math.ceil(cpuMillicores);
  return rounded % 1000 === 0 ? String(rounded / 1000) : `${rounded}m`;
}

/** Canonical binary quantity of whole bytes, in the largest unit that divides it: 2147483648 → `2Gi`, 1000 → `1000`. */
export function formatMemoryBytes(memoryBytes: number): string {
  const bytes = Math.ceil(memoryBytes);
  if (bytes === 0) return '0';
  const power = BINARY_UNITS.findLastIndex((_, index) => bytes % 1024 ** (index + 1) === 0);
  return power < 0 ? String(bytes) : `${bytes / 1024 ** (power + 1)}${BINARY_UNITS[power] ?? ''}`;
}

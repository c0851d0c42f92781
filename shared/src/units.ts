/** Byte sizes as written in settings and pipelines. */

const SIZE = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i;
const POWERS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Bytes of `512Mi`, `100MB`, `1.5 GiB` or `1024`; every unit is binary, whatever its spelling (previous-runner §1.2).
 *
 * @returns whole bytes, rounded down; undefined if the text is not a size, or beyond exact integers
 */
export function parseByteSize(text: string): number | undefined {
  const [, digits, unit] = SIZE.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const bytes = Math.floor(Number(digits) * 1024 ** (POWERS[unit.toLowerCase()] ?? 0));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The error message for a size that {@link parseByteSize} refuses, with the text of the old runner (previous-runner §1.2). */
export const invalidByteSize = (text: string): string => `invalid size: '${text}'`;

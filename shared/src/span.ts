/** Durations as written in settings and on command lines: `90s`, `15m`, `1h30m`, `60d`. */

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;
const UNIT_MS: Readonly<Record<string, number>> = Object.fromEntries(UNITS);

/** No duration is longer, and authors write texts of any length: the search takes the square of it. */
const LONGEST_TEXT = 100;

/** @returns whole milliseconds; undefined if the text is not a duration, such as a number without a unit */
export function parseSpanMs(text: string): number | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  const ms = Math.round(
    parts.reduce((sum, [, digits, unit = '']) => sum + Number(digits) * (UNIT_MS[unit] ?? 0), 0),
  );
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** Formats whole milliseconds in as few units as possible: 5400000 → `1h30m`. */
export function formatSpan(ms: number): string {
  let leftMs = Math.max(0, Math.round(ms));
  const parts = UNITS.map(([unit, unitMs]) => {
    const count = Math.floor(leftMs / unitMs);
    leftMs -= count * unitMs;
    return count === 0 ? '' : `${count}${unit}`;
  });
  return parts.join('') || '0s';
}

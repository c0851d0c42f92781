/** Operations on a variable's value inside `${...}` (previous-runner §3.2). Pure text to text. */

import { finderOf, splitLinear } from './find-text.ts';

/** Changes the case of the first letter (`,` `^`) or of all (`,,` `^^`); a mixed operator changes nothing. */
export function changeCase(value: string, operator: string): string {
  const [first = ''] = value;
  switch (operator) {
    case ',':
      return first.toLowerCase() + value.slice(first.length);
    case '^':
      return first.toUpperCase() + value.slice(first.length);
    case ',,':
      return value.toLowerCase();
    case '^^':
      return value.toUpperCase();
    default:
      return value;
  }
}

const INTEGER = /^[+-]?\d{1,18}$/;

/**
 * The bytes from `position` on, at most `length` of them. A negative position counts from the end, as does a negative
 * length (the old runner crashed on it: known issue 4). Arguments that are not numbers return the whole value.
 */
export function byteSubstring(value: string, position: string, length: string | undefined): string {
  if (!INTEGER.test(position) || (length !== undefined && !INTEGER.test(length))) return value;
  const bytes = Buffer.from(value, 'utf8');
  const from = Number(position) < 0 ? Math.max(0, bytes.length + Number(position)) : Number(position);
  const count = length === undefined ? bytes.length : Number(length);
  const to = count < 0 ? bytes.length + count : from + count;
  return bytes.subarray(Math.min(from, bytes.length), Math.max(from, to)).toString('utf8');
}

/** Replaces literal text: the first (`/`), all (`//`), at the start (`/#`) or at the end (`/%`). */
export function replaceText(value: string, operator: string, old: string, replacement: string): string {
  switch (operator) {
    case '//':
      return old === '' ? between(value, replacement) : splitLinear(value, old).join(replacement);
    case '/#':
      return value.startsWith(old) ? replacement + value.slice(old.length) : value;
    case '/%':
      return value.endsWith(old) ? value.slice(0, value.length - old.length) + replacement : value;
    default: {
      const at = finderOf(old)(value, 0);
      return at < 0 ? value : value.slice(0, at) + replacement + value.slice(at + old.length);
    }
  }
}

/** The replacement before and after each character. */
const between = (value: string, replacement: string): string =>
  replacement === '' ? value : [replacement, ...Array.from(value, (char) => char + replacement)].join('');

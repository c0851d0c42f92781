/** @typedef {readonly [atMs: number, value: number | null]} Point null: not known then, which is not zero */

/**
 * Round numbers starting at zero; the last one is the end of an axis that includes `most`.
 * @param {number} most
 * @returns {readonly number[]}
 */
export function valueTicks(most) {
  const wanted = Math.max(1, most) / 4;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = Math.max(1, [1, 2, 5, 10].map((one) => one * power).find((one) => one >= wanted) ?? wanted);
  const count = Math.ceil(Math.max(1, most) / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, nth) => nth * step);
}

const MINUTE_MS = 60_000;
const STEPS = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE_MS);

/**
 * Round times of the user's day between two times, at most `most` of them.
 * @param {number} fromMs
 * @param {number} toMs
 * @param {number} most
 * @returns {readonly number[]}
 */
export function timeTicks(fromMs, toMs, most) {
  const step = STEPS.find((one) => (toMs - fromMs) / one <= most) ?? 24 * 60 * MINUTE_MS;
  const offset = new Date(fromMs).getTimezoneOffset() * MINUTE_MS;
  const first = Math.ceil((fromMs - offset) / step) * step + offset;
  const ticks = [];
  for (let at = first; at <= toMs; at += step) ticks.push(at);
  return ticks;
}

/**
 * Times for a table: the last of each interval, so that the newest is included; latest first.
 * @param {readonly number[]} times
 * @param {number} most
 */
export function sampled(times, most) {
  const stretch = Math.max(1, Math.ceil(times.length / most));
  return times.filter((_, nth) => (times.length - 1 - nth) % stretch === 0).reverse();
}

/**
 * The time nearest to another; undefined if there is none.
 * @param {readonly number[]} times
 * @param {number} atMs
 */
export function nearestPoint(times, atMs) {
  /** @type {number | undefined} */
  let best;
  for (const one of times) if (best === undefined || Math.abs(one - atMs) < Math.abs(best - atMs)) best = one;
  return best;
}

/**
 * The value at or last before a time, unless it was not known.
 * @param {readonly Point[]} points by time
 * @param {number} atMs
 */
export const valueAt = (points, atMs) => points.findLast(([at]) => at <= atMs)?.[1] ?? null;

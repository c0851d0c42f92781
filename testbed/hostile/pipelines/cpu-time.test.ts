import { longestTurnMs } from '@hangar/shared/testing/cpu-time';
import { describe, expect, it } from 'vitest';
import { LARGE_FILES } from './large-files.ts';
import { MULTIPLIED } from './multiplied.ts';
import { PIPELINES } from './pipelines.ts';

/** Five times what the runner promises, for a slow machine; before their limits, some of these took more than a minute. */
const MOST_MS = 1_000;
const SIZES = [64_000, 256_000, 1_000_000];
/** Files up to this size are handled in this process, so that all of their sizes cost nothing to try. */
const SMALL_CHARS = 16 * 1024;
/** Far above the usual duration: files are parsed in another process, and its time counts for nothing here. */
const TIMEOUT_MS = 120_000;

/** Each of them once multiplied something, or is what people really write. */
const NAMES = new Set([...MULTIPLIED.map(({ name }) => name), ...LARGE_FILES.map(({ what }) => what)]);
/** The slowest of the others (`npm run hostile`). */
const SLOWEST = new Set([
  'dependencies on steps that can not run',
  'globs of many segments for a ref of many segments',
  'globs of many stars shared by 40 steps',
  'node selectors',
  'one dependency repeatedly',
  'parameters of the build in all steps',
  'shared dependencies',
  'steps that wait for all before them',
]);
const INPUTS = PIPELINES.adversaries
  .filter(({ name }) => NAMES.has(name) || SLOWEST.has(name))
  .map(({ name, make }, index) => {
    if (SLOWEST.has(name)) return { name, make, sizes: [PIPELINES.largestChars] };
    const isSmall = make(64_000).yaml.length <= SMALL_CHARS;
    // Parsing takes a second of another core: each file has one of the sizes.
    return {
      name,
      make,
      sizes: isSmall ? SIZES : SIZES.slice(index % SIZES.length, (index % SIZES.length) + 1),
    };
  });

describe('a file blocks the event loop for a short time, work in built-in functions included', () => {
  it('is timed with each of these names', () => {
    const names = new Set(INPUTS.map(({ name }) => name));
    expect([...NAMES, ...SLOWEST].filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(INPUTS)('$name', { timeout: TIMEOUT_MS }, async ({ make, sizes }) => {
    const busyMs: number[] = [];
    for (const chars of sizes) busyMs.push(await longestTurnMs(() => PIPELINES.feed(make(chars))));

    expect(Math.max(...busyMs)).toBeLessThan(MOST_MS);
  });
});

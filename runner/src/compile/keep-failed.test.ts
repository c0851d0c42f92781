import { describe, expect, it } from 'vitest';
import { keepFailed } from './keep-failed.ts';
import { aBuild, aDetail } from './testing/a-pipeline.ts';

const HOUR_MS = 3_600_000;
const settings = { keepFailedMs: 600_000, keepFailedMaxMs: HOUR_MS };
const wanting = (HANGAR_KEEP_FAILED: string, build = {}) =>
  aDetail({ build: aBuild({ params: { HANGAR_KEEP_FAILED }, ...build }) });
const fork = { event: 'pull_request', sourceRepo: 'mallory/widget' };

describe('how long the container of a failed step is kept', () => {
  it('is the setting, and nothing in pull requests of forks', () => {
    expect(keepFailed(aDetail(), settings)).toEqual({ ms: 600_000, warnings: [] });
    expect(keepFailed(aDetail({ build: aBuild(fork) }), settings)).toEqual({ ms: 0, warnings: [] });
  });

  it.each([
    ['1h', HOUR_MS],
    ['90s', 90_000],
    ['0', 0],
  ])('may be chosen by a build parameter: %s', (text, ms) => {
    expect(keepFailed(wanting(text), settings)).toEqual({ ms, warnings: [] });
  });

  it.each([
    ['61m', {}, settings, /61m is longer than the maximum of 1h/],
    ['soon', {}, settings, /"soon" is not a duration such as 30m/],
    ['1h', {}, { ...settings, keepFailedMaxMs: 0 }, /HANGAR_KEEP_FAILED_MAX/],
    ['1h', fork, settings, /pull requests of forks/],
  ] as const)('is not changed by the parameter %s of a build %j', (text, build, given, warning) => {
    const found = keepFailed(wanting(text, build), given);
    const ms = build === fork ? 0 : 600_000;
    expect([found.ms, found.warnings]).toEqual([ms, [expect.stringMatching(warning)]]);
  });
});

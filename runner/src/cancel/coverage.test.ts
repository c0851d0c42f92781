import { describe, expect, it } from 'vitest';
import {
  type Coverage,
  NOTHING_CERTAIN,
  type WatchedInterval,
  withCertainty,
  withQuietWatch,
} from './coverage.ts';

const after = (spans: readonly WatchedInterval[], coverage: Coverage = NOTHING_CERTAIN): Coverage =>
  spans.reduce(withQuietWatch, coverage);

describe('coverage of a build by watches', () => {
  it('is empty until a reported state provides a start', () => {
    const watched = after([{ fromMs: 0, toMs: 30 }]);
    expect(watched.certainUntilMs).toBe(Number.NEGATIVE_INFINITY);
    expect(withCertainty(watched, 0).certainUntilMs).toBe(30);
    expect(withCertainty(watched, -1).certainUntilMs).toBe(-1);
  });

  it('extends as far as watches overlap, in any order', () => {
    const spans = [
      { fromMs: 50, toMs: 80 },
      { fromMs: 10, toMs: 30 },
      { fromMs: 30, toMs: 50 },
    ];
    expect(withCertainty(after(spans), 10).certainUntilMs).toBe(80);
    expect(after(spans, withCertainty(NOTHING_CERTAIN, 10)).certainUntilMs).toBe(80);
  });

  it('ends at a gap, until a reported state proves that no cancel fell into it', () => {
    const gap = after(
      [
        { fromMs: 0, toMs: 30 },
        { fromMs: 31, toMs: 60 },
        { fromMs: 55, toMs: 90 },
      ],
      withCertainty(NOTHING_CERTAIN, 0),
    );
    expect(gap).toEqual({ certainUntilMs: 30, later: [{ fromMs: 31, toMs: 90 }] });
    expect(withCertainty(gap, 30).certainUntilMs).toBe(30);
    expect(withCertainty(gap, 31).certainUntilMs).toBe(90);
  });

  it('is not extended by a watch too short to have waited', () => {
    expect(withQuietWatch(NOTHING_CERTAIN, { fromMs: 5, toMs: 5 })).toBe(NOTHING_CERTAIN);
  });

  it('never goes back', () => {
    const certain = withCertainty(NOTHING_CERTAIN, 100);
    expect(withCertainty(certain, 50).certainUntilMs).toBe(100);
    expect(withQuietWatch(certain, { fromMs: 0, toMs: 50 }).certainUntilMs).toBe(100);
  });

  it('keeps no more intervals than it needs', () => {
    const many = Array.from({ length: 1_000 }, (_, n) => ({ fromMs: n * 10, toMs: n * 10 + 5 }));
    expect(after(many).later).toHaveLength(32);
    expect(after(many).later.at(-1)).toEqual({ fromMs: 9_990, toMs: 9_995 });
  });
});

/** A time in which a watch was open at the server and no cancel came, in milliseconds of the monotonic clock. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** For which time it is certain that a build was not cancelled. */
export interface Coverage {
  /** No cancel up to here can have been missed. */
  readonly certainUntilMs: number;
  /** Times of which the same is known, and that do not join on: between them a cancel may have been missed. In order. */
  readonly later: readonly Span[];
}

/** Nothing is known of a build that nobody has watched. */
export const NOTHING_CERTAIN: Coverage = { certainUntilMs: Number.NEGATIVE_INFINITY, later: [] };

/** Times apart from each other that are kept; forgetting the oldest costs a look at the server, no cancel. */
const MOST_SPANS = 32;

/** A watch that ended without news: what it covered. */
export function withQuietWatch(coverage: Coverage, span: Span): Coverage {
  if (span.toMs <= span.fromMs) return coverage;
  const later = [...coverage.later, span].sort((a, b) => a.fromMs - b.fromMs);
  return joined({ ...coverage, later });
}

/** Something else tells that the build was not cancelled before that moment. */
export function withCertainty(coverage: Coverage, untilMs: number): Coverage {
  return joined({ ...coverage, certainUntilMs: Math.max(coverage.certainUntilMs, untilMs) });
}

function joined({ certainUntilMs, later }: Coverage): Coverage {
  let untilMs = certainUntilMs;
  const apart: Span[] = [];
  for (const span of later) {
    const last = apart.at(-1);
    if (span.fromMs <= untilMs) untilMs = Math.max(untilMs, span.toMs);
    else if (last && span.fromMs <= last.toMs)
      apart.splice(-1, 1, { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) });
    else apart.push(span);
  }
  return { certainUntilMs: untilMs, later: apart.slice(-MOST_SPANS) };
}

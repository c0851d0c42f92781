/** An interval in which a watch was open at the server and no cancel was reported, in milliseconds of the monotonic clock. */
export interface WatchedInterval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The time for which it is certain that a build was not cancelled. */
export interface Coverage {
  /** No cancel up to this time can have been missed. */
  readonly certainUntilMs: number;
  /** Later intervals without a cancel that are not contiguous: between them a cancel may have been missed. In order. */
  readonly later: readonly WatchedInterval[];
}

/** The coverage of a build that was not watched yet. */
export const NOTHING_CERTAIN: Coverage = { certainUntilMs: Number.NEGATIVE_INFINITY, later: [] };

/** Maximum number of separate intervals; dropping the oldest may cost a request to the server, but no cancel. */
const MOST_SPANS = 32;

/** Adds the interval of a watch that ended without a cancel. */
export function withQuietWatch(coverage: Coverage, span: WatchedInterval): Coverage {
  if (span.toMs <= span.fromMs) return coverage;
  const later = [...coverage.later, span].sort((a, b) => a.fromMs - b.fromMs);
  return joined({ ...coverage, later });
}

/** Records that the build was not cancelled before that time, known from another source. */
export function withCertainty(coverage: Coverage, untilMs: number): Coverage {
  return joined({ ...coverage, certainUntilMs: Math.max(coverage.certainUntilMs, untilMs) });
}

function joined({ certainUntilMs, later }: Coverage): Coverage {
  let untilMs = certainUntilMs;
  const apart: WatchedInterval[] = [];
  for (const span of later) {
    const last = apart.at(-1);
    if (span.fromMs <= untilMs) untilMs = Math.max(untilMs, span.toMs);
    else if (last && span.fromMs <= last.toMs)
      apart.splice(-1, 1, { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) });
    else apart.push(span);
  }
  return { certainUntilMs: untilMs, later: apart.slice(-MOST_SPANS) };
}

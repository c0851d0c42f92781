import type { Job } from '../capacity/job.ts';

const MOST_DAYS = 7;
const MOST_JOBS = 50_000;
/** With fewer Pods, or over a shorter time, a comparison means little. */
const LEAST_JOBS = 500;
const LEAST_DAYS = 1;
const DAY_SECONDS = 86_400;

/** The last days, by arrival; undefined: too few to compare. */
export function recentJobs(jobs: readonly Job[]): readonly Job[] | undefined {
  const sorted = jobs.toSorted((one, other) => one.arrivedAt - other.arrivedAt);
  const lastAt = sorted.at(-1)?.arrivedAt ?? 0;
  const lately = sorted
    .filter(({ arrivedAt }) => arrivedAt >= lastAt - MOST_DAYS * DAY_SECONDS)
    .slice(-MOST_JOBS);
  const spanSeconds = lastAt - (lately[0]?.arrivedAt ?? lastAt);
  return lately.length >= LEAST_JOBS && spanSeconds >= LEAST_DAYS * DAY_SECONDS ? lately : undefined;
}

import type { Job } from '../capacity/job.ts';
import type { ModelParameters } from '../model/parameters.ts';
import { generateLoad } from '../trace/generate.ts';

/** A load of more builds takes too long to simulate on a command line. */
const MOST_JOBS = 150_000;
const WEEKDAYS = 5;
const SEED = 1;

/**
 * Weekdays of builds as the model assumes them: pushes of five under a daily profile.
 *
 * @returns by arrival; undefined when these are too many to simulate
 */
export function modelledJobs(
  prsPerDay: number,
  { podsPerPr, pod }: ModelParameters,
): readonly Job[] | undefined {
  const days = Math.min(WEEKDAYS, Math.floor(MOST_JOBS / Math.max(1, prsPerDay * podsPerPr)));
  if (days === 0) return undefined;
  const jobs = generateLoad({ load: 'table-like', seed: SEED, days, prsPerDay });
  return jobs.map((job) => ({ ...job, request: pod }));
}

/** The 95th percentile of the wait when `places` builds run at once at most and others queue, in seconds; ≥ 0. */
export function waitP95With(places: number, jobs: readonly Job[]): number {
  const freeAt = new Places(places);
  const waits = Float64Array.from(jobs, ({ arrivedAt, durationSeconds }) => {
    const startedAt = Math.max(arrivedAt, freeAt.earliest);
    freeAt.take(startedAt + durationSeconds);
    return startedAt - arrivedAt;
  }).sort();
  return waits[Math.ceil(waits.length * 0.95) - 1] ?? 0;
}

/** The fewest places with which the 95th percentile of the wait is within the objective. */
export function placesFor(objectiveSeconds: number, jobs: readonly Job[]): number {
  let tooFew = 0;
  let enough = 1;
  while (waitP95With(enough, jobs) > objectiveSeconds) {
    tooFew = enough;
    enough *= 2;
  }
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (waitP95With(middle, jobs) > objectiveSeconds) tooFew = middle;
    else enough = middle;
  }
  return enough;
}

/** When each place is free again, in seconds since 1970: a heap, the earliest at the root. */
class Places {
  readonly #freeAt: Float64Array;

  constructor(count: number) {
    this.#freeAt = new Float64Array(count);
  }

  get earliest(): number {
    return this.#freeAt[0] ?? Infinity;
  }

  /** The earliest place is taken until that time. */
  take(until: number): void {
    const all = this.#freeAt;
    let at = 0;
    for (let child = 1; child < all.length; child = 2 * at + 1) {
      if ((all[child + 1] ?? Infinity) < (all[child] ?? Infinity)) child += 1;
      const next = all[child] ?? Infinity;
      if (next >= until) break;
      all[at] = next;
      at = child;
    }
    all[at] = until;
  }
}

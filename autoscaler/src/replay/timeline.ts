import type { Job } from '../capacity/job.ts';

/** One line of a plot: the largest value in each of equal time spans. */
export interface Timeline {
  readonly name: string;
  readonly values: readonly number[];
}

/** A time span, divided into equal parts. Seconds. */
export interface Spans {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** A value from a time on, until the next change. */
export type ValueChange = readonly [atSeconds: number, value: number];

/**
 * The largest value in each span.
 *
 * @param changes by time; before the first the value is 0
 */
export function timelineOf(
  name: string,
  changes: readonly ValueChange[],
  { from, to, count }: Spans,
): Timeline {
  const width = Math.max(to - from, 1) / count;
  const values = new Array<number>(count).fill(0);
  const raise = (span: number, value: number): void => {
    if (span < count) values[span] = Math.max(values[span] ?? 0, value);
  };
  for (const [nth, [at, value]] of changes.entries()) {
    const until = changes[nth + 1]?.[0] ?? to;
    // A value counts in every span that it touches, also the one in which the next change is.
    const last = Math.ceil((until - from) / width) - 1;
    for (let span = Math.max(0, Math.floor((at - from) / width)); span <= last; span += 1) raise(span, value);
    if (at >= from) raise(Math.floor((at - from) / width), value);
  }
  return { name, values };
}

/** How many jobs would run if none ever waited. */
export function demandChanges(jobs: readonly Job[]): readonly ValueChange[] {
  const steps = jobs
    .flatMap(({ arrivedAt, durationSeconds }): ValueChange[] => [
      [arrivedAt, 1],
      [arrivedAt + durationSeconds, -1],
    ])
    .sort(([one], [other]) => one - other);
  let running = 0;
  return steps.map(([at, by]): ValueChange => {
    running += by;
    return [at, running];
  });
}

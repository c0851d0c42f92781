import type { Part, PartName } from './parts.ts';

/** How long a part took when it was built here, in seconds. */
export interface PartBuildTime {
  readonly part: PartName;
  readonly seconds: number;
}

/** The estimated duration of a build, and its basis. */
export interface BuildEstimate {
  readonly seconds: number;
  readonly basis: 'what was built here before' | 'measurements on two cores';
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/**
 * How long it takes to build these parts: as long as on two cores, times what parts that were built here before took for each second
 * that they take there.
 *
 * @param all parts that the records may be of
 */
export function buildEstimate(
  wanted: readonly Part[],
  records: readonly PartBuildTime[],
  all: readonly Part[],
): BuildEstimate {
  const measured = sum(wanted.map(({ twoCoresSeconds }) => twoCoresSeconds));
  const here = all.flatMap(({ name, twoCoresSeconds }) => {
    const record = records.find(({ part }) => part === name);
    return record === undefined ? [] : [{ seconds: record.seconds, twoCoresSeconds }];
  });
  const reference = sum(here.map(({ twoCoresSeconds }) => twoCoresSeconds));
  if (reference === 0) return { seconds: measured, basis: 'measurements on two cores' };
  const pace = sum(here.map(({ seconds }) => seconds)) / reference;
  return { seconds: Math.round(measured * pace), basis: 'what was built here before' };
}

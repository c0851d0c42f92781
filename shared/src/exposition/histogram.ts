import type { Family, Sample } from './exposition.ts';
import { parseNumber } from './sample-line.ts';

/** One histogram: the cumulative number of observations up to each bound. */
export interface Histogram {
  /** Labels without `le`. */
  readonly labels: ReadonlyMap<string, string>;
  /** Bounds in ascending order, the last one infinite; counts never decrease. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
  readonly sum: number;
  readonly count: number;
}

/** The valid histograms of a family, and a message for each inconsistent one. */
export interface Histograms {
  readonly histograms: readonly Histogram[];
  readonly problems: readonly string[];
}

interface Parts {
  readonly labels: ReadonlyMap<string, string>;
  readonly buckets: { upTo: number; count: number }[];
  sum: number | undefined;
  count: number | undefined;
}

function groupKey(labels: ReadonlyMap<string, string>): string {
  return JSON.stringify([...labels].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function withoutBound({ labels }: Sample): ReadonlyMap<string, string> {
  const rest = new Map(labels);
  rest.delete('le');
  return rest;
}

function put(parts: Parts, sample: Sample, family: string): void {
  switch (sample.name.slice(family.length)) {
    case '_bucket': {
      const upTo = parseNumber(sample.labels.get('le') ?? '');
      parts.buckets.push({ upTo: upTo ?? Number.NaN, count: sample.value });
      return;
    }
    case '_sum':
      parts.sum = sample.value;
      return;
    case '_count':
      parts.count = sample.value;
  }
}

function contradiction({ buckets, count }: Parts): string | undefined {
  if (buckets.some(({ upTo }) => Number.isNaN(upTo))) return 'a bucket has no bound (label le)';
  const last = buckets.at(-1);
  if (last?.upTo !== Infinity) return 'the bucket le="+Inf" is missing';
  const falls = buckets.some(({ count: here }, index) => !(here >= (buckets[index - 1]?.count ?? 0)));
  if (falls) return 'its buckets are not cumulative';
  return count !== undefined && count !== last.count ? 'its count differs from its last bucket' : undefined;
}

/**
 * Combines a family's buckets, sums and counts into one histogram per set of labels.
 *
 * @returns valid histograms; inconsistent ones are left out and reported. A missing sum is NaN.
 */
export function histogramsOf(family: Family): Histograms {
  const groups = new Map<string, Parts>();
  for (const sample of family.samples) {
    const labels = withoutBound(sample);
    const key = groupKey(labels);
    const parts = groups.get(key) ?? { labels, buckets: [], sum: undefined, count: undefined };
    groups.set(key, parts);
    put(parts, sample, family.name);
  }
  const histograms: Histogram[] = [];
  const problems: string[] = [];
  for (const parts of groups.values()) {
    parts.buckets.sort((one, other) => one.upTo - other.upTo);
    const problem = contradiction(parts);
    if (problem !== undefined) problems.push(`${family.name}: ${problem}`);
    else {
      const count = parts.count ?? parts.buckets.at(-1)?.count ?? 0;
      histograms.push({ labels: parts.labels, buckets: parts.buckets, sum: parts.sum ?? Number.NaN, count });
    }
  }
  return { histograms, problems };
}

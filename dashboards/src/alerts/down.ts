import type { MetricSpec } from '@hangar/shared/contract/runner-metrics';

/**
 * A release (cluster, namespace, job) that Prometheus has scraped within 3 days, and of which it scrapes no process now. `absent()`
 * would be quiet while any other release answers, and could not name the one that is missing.
 */
export const releaseDown = ({ name }: MetricSpec): string =>
  [
    `group by (cluster, namespace, job) (last_over_time(${name}[3d]))`,
    `unless on (cluster, namespace, job) ${name}`,
  ].join('\n');

/** A target that exists, was this program within a day, and does not answer. A Pod that was replaced is no target any more. */
export const targetDown = ({ name }: MetricSpec): string =>
  `up == 0 and on (cluster, namespace, job, instance) last_over_time(${name}[1d])`;

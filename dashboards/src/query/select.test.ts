import { RUNNER_METRICS as METRICS } from '@hangar/shared/contract/runner-metrics';
import { describe, expect, it } from 'vitest';
import { labelIn, labelNotIn, Select } from './select.ts';

const all = new Select('');
const some = new Select('namespace=~"$namespace"');

describe('Select', () => {
  it.each([
    ['a gauge', all.gauge(METRICS.orphans), 'hangar_runner_orphaned_pods'],
    [
      'a gauge in a scope',
      some.gauge(METRICS.orphans),
      'hangar_runner_orphaned_pods{namespace=~"$namespace"}',
    ],
    [
      'a value of a label, behind the scope',
      some.gauge(METRICS.stages, { state: 'waiting' }),
      'hangar_runner_stages{namespace=~"$namespace", state="waiting"}',
    ],
    [
      'one of several values',
      all.gauge(METRICS.stages, { state: labelIn('starting', 'running') }),
      'hangar_runner_stages{state=~"starting|running"}',
    ],
    [
      'none of several values',
      all.rate(METRICS.apiRequests, '5m', { code: labelNotIn('2..', '404') }),
      'rate(hangar_runner_kubernetes_requests_total{code!~"2..|404"}[5m])',
    ],
    ['all together', all.gauge(METRICS.orphans).sum(), 'sum (hangar_runner_orphaned_pods)'],
    [
      'by labels',
      all.gauge(METRICS.stages).max('namespace', 'state'),
      'max by (namespace, state) (hangar_runner_stages)',
    ],
    ['an increase', all.increase(METRICS.builds, '1h'), 'increase(hangar_runner_builds_total[1h])'],
    [
      'counters that have appeared',
      all.begun(METRICS.builds, '1m').sum('event'),
      'sum by (event) (hangar_runner_builds_total unless hangar_runner_builds_total offset 1m)',
    ],
    [
      'a quantile',
      all.quantile(0.95, METRICS.wait, '5m'),
      'histogram_quantile(0.95, sum by (le) (rate(hangar_runner_wait_seconds_bucket[5m])))',
    ],
    [
      'a quantile by a label',
      all.quantile(0.5, METRICS.stepStart, '5m', 'engine'),
      'histogram_quantile(0.5, sum by (le, engine) (rate(hangar_runner_step_start_seconds_bucket[5m])))',
    ],
  ])('%s', (_sentence, { text }, want) => {
    expect(text).toBe(want);
  });

  it('does not compile for a label that the metric lacks, nor for the wrong kind of metric', () => {
    // @ts-expect-error orphans have no state
    all.gauge(METRICS.orphans, { state: 'waiting' });
    // @ts-expect-error a gauge has no rate
    all.rate(METRICS.orphans, '5m');
    // @ts-expect-error nothing to group by
    expect(all.gauge(METRICS.orphans).sum('state').text).toBe('sum by (state) (hangar_runner_orphaned_pods)');
  });
});

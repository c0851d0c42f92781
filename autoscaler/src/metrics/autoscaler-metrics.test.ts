import { describe, expect, it } from 'vitest';
import type { Recommendation } from '../decide/recommendation.ts';
import { RECOMMENDATION } from '../http/testing/a-server.ts';
import { AutoscalerMetrics } from './autoscaler-metrics.ts';

async function samplesOf(metrics: AutoscalerMetrics, name: string): Promise<readonly string[]> {
  const lines = (await metrics.text()).split('\n');
  return lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length).trim());
}

const [builds] = RECOMMENDATION.pools;
const poolOf = (change: Partial<Recommendation['pools'][number]>) =>
  builds === undefined ? [] : [{ ...builds, ...change }];

describe('money in the metrics', () => {
  it('contain the cost of each pool at its actual and desired size, the cheapest mix, and the day so far', async () => {
    const metrics = new AutoscalerMetrics('1.2.3', 0);
    metrics.decided({ ...RECOMMENDATION, pools: poolOf({ nodePerHour: 0.5 }) }, []);

    expect(await samplesOf(metrics, 'hangar_autoscaler_pool_cost_per_hour')).toEqual([
      '{pool="builds",state="actual"} 2',
      '{pool="builds",state="desired"} 2.5',
    ]);
    expect(await samplesOf(metrics, 'hangar_autoscaler_mix_cost_per_hour')).toEqual(['0.95']);
    expect(await samplesOf(metrics, 'hangar_autoscaler_spend_today')).toEqual(['7.1']);
  });

  it('report a price of zero as 0, and no series without a price, also after there was one', async () => {
    const metrics = new AutoscalerMetrics('1.2.3', 0);
    metrics.decided({ ...RECOMMENDATION, pools: poolOf({ nodePerHour: 0 }) }, []);
    expect(await samplesOf(metrics, 'hangar_autoscaler_pool_cost_per_hour')).toContain(
      '{pool="builds",state="desired"} 0',
    );
    metrics.decided(
      {
        ...RECOMMENDATION,
        ...{ pools: poolOf({ nodePerHour: undefined }), mix: undefined, spend: undefined },
      },
      [],
    );

    for (const name of ['pool_cost_per_hour', 'mix_cost_per_hour', 'spend_today'])
      expect(await samplesOf(metrics, `hangar_autoscaler_${name}`), name).toEqual([]);
  });
});

describe('before the first decision', () => {
  it.each([
    ...['recommendation_age_seconds', 'forecast_miss_pods', 'mix_cost_per_hour', 'spend_today'],
    'wait_bound_held',
  ])('%s is absent, since 0 would be a wrong value', async (name) => {
    const metrics = new AutoscalerMetrics('1.2.3', 0);
    expect(await samplesOf(metrics, `hangar_autoscaler_${name}`)).toEqual([]);
    metrics.aged(5_000, false);
    expect(await samplesOf(metrics, 'hangar_autoscaler_recommendation_age_seconds')).toEqual(['5']);
  });
});

describe('the bound for the wait', () => {
  const held = (metrics: AutoscalerMetrics) => samplesOf(metrics, 'hangar_autoscaler_wait_bound_held');
  const bound = { seconds: 30, pods: 5, lateShare: undefined };
  const note = { weight: 'note', text: 'no node belongs to a pool' } as const;

  it('is held until the condition says that it is not', async () => {
    const metrics = new AutoscalerMetrics('1.2.3', 0);
    metrics.bounded(bound, [note]);
    expect(await held(metrics)).toEqual(['1']);
    metrics.bounded(bound, [note, { ...note, type: 'WaitBoundHeld', reason: 'Exceeded' }]);
    expect(await held(metrics)).toEqual(['0']);
  });

  it('has no series where there is none, or where it is not known', async () => {
    const metrics = new AutoscalerMetrics('1.2.3', 0);
    metrics.bounded(bound, []);
    metrics.bounded(undefined, []);
    expect(await held(metrics)).toEqual([]);
  });
});

describe('the counters of orders', () => {
  const counted = (metrics: AutoscalerMetrics) => samplesOf(metrics, 'hangar_autoscaler_orders_total');

  it('are 0 before the first change, so that Prometheus sees the increase', async () => {
    const metrics = new AutoscalerMetrics('1.2.3', 0);
    metrics.acted([{ pool: 'builds', outcome: 'dry-run', note: '' }]);
    expect(await counted(metrics)).toEqual(['{pool="builds",outcome="dry-run"} 0']);
    metrics.ordered('builds', 'dry-run');
    metrics.acted([{ pool: 'builds', outcome: 'dry-run', note: '' }]);
    expect(await counted(metrics)).toEqual(['{pool="builds",outcome="dry-run"} 1']);
  });

  it('include the one of orders that are set, where the autoscaler acts', async () => {
    const metrics = new AutoscalerMetrics('1.2.3', 0);
    metrics.acted([{ pool: 'builds', outcome: 'unchanged', note: '' }]);
    expect(await counted(metrics)).toEqual([
      '{pool="builds",outcome="unchanged"} 0',
      '{pool="builds",outcome="set"} 0',
    ]);
  });
});

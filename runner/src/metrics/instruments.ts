import { type MetricSpec, RUNNER_METRICS } from '@hangar/shared/contract/runner-metrics';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What one metric of the contract becomes. */
type Instrument<S extends MetricSpec> = S['kind'] extends 'counter'
  ? Counter<S['labels'][number]>
  : S['kind'] extends 'gauge'
    ? Gauge<S['labels'][number]>
    : Histogram<S['labels'][number]>;

/** All metrics of the contract, by the contract's own words. */
export type Instruments = {
  readonly [K in keyof typeof RUNNER_METRICS]: Instrument<(typeof RUNNER_METRICS)[K]>;
};

/** Makes every metric of the contract, and nothing else, in that registry. */
export function createInstruments(registry: Registry): Instruments {
  const made = Object.entries(RUNNER_METRICS).map(([word, spec]): [string, Counter | Gauge | Histogram] => [
    word,
    instrumentOf(spec, registry),
  ]);
  return Object.fromEntries(made) as unknown as Instruments;
}

function instrumentOf(spec: MetricSpec, registry: Registry): Counter | Gauge | Histogram {
  const { name, help } = spec;
  const common = { name, help, labelNames: [...spec.labels], registers: [registry] };
  switch (spec.kind) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...(spec.buckets ?? [])] });
  }
}

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { MetricSpec } from './runner-metrics.ts';

/** What one metric of a list becomes. */
type Instrument<S extends MetricSpec> = S['kind'] extends 'counter'
  ? Counter<S['labels'][number]>
  : S['kind'] extends 'gauge'
    ? Gauge<S['labels'][number]>
    : Histogram<S['labels'][number]>;

/** All metrics of a list, by the list's own words. */
export type Instruments<S extends Readonly<Record<string, MetricSpec>>> = {
  readonly [K in keyof S]: Instrument<S[K]>;
};

/** Makes every metric of the list, and nothing else, in that registry. */
export function createInstruments<const S extends Readonly<Record<string, MetricSpec>>>(
  specs: S,
  registry: Registry,
): Instruments<S> {
  const made = Object.entries(specs).map(([word, spec]) => [word, instrumentOf(spec, registry)] as const);
  return Object.fromEntries(made) as Instruments<S>;
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

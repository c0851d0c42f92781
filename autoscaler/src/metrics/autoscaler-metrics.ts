import type { MetricSpec } from '@hangar/shared/contract/runner-metrics';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Recommendation } from '../decide/recommendation.ts';
import type { CapacitySnapshot } from '../store/snapshot.ts';
import { AUTOSCALER_METRICS as SPECS } from './specs.ts';

type Instrument<S extends MetricSpec> = S['kind'] extends 'counter'
  ? Counter<S['labels'][number]>
  : S['kind'] extends 'gauge'
    ? Gauge<S['labels'][number]>
    : Histogram<S['labels'][number]>;

type Instruments = { readonly [K in keyof typeof SPECS]: Instrument<(typeof SPECS)[K]> };

function instrumentOf(spec: MetricSpec, registry: Registry): Counter | Gauge | Histogram {
  const common = { name: spec.name, help: spec.help, labelNames: [...spec.labels], registers: [registry] };
  switch (spec.kind) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...(spec.buckets ?? [])] });
  }
}

function instrumentsIn(registry: Registry): Instruments {
  const made = Object.entries(SPECS).map(([word, spec]) => [word, instrumentOf(spec, registry)] as const);
  return Object.fromEntries(made) as unknown as Instruments;
}

/** How a tick ended. */
export type TickOutcome = 'decided' | 'stale' | 'failed';

/** More pools than this are not told one by one: a label must have few values. */
const MOST_POOLS = 100;

/** What this service tells of itself. */
export class AutoscalerMetrics {
  readonly #registry = new Registry();
  readonly #instruments: Instruments;

  constructor(version: string) {
    this.#instruments = instrumentsIn(this.#registry);
    this.#instruments.info.set({ version }, 1);
    for (const outcome of ['decided', 'stale', 'failed']) this.#instruments.ticks.inc({ outcome }, 0);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  ticked(outcome: TickOutcome, durationMs: number): void {
    this.#instruments.ticks.inc({ outcome });
    this.#instruments.tickSeconds.observe(durationMs / 1000);
  }

  recorded(count: number): void {
    this.#instruments.records.inc(count);
  }

  ordered(pool: string, outcome: string): void {
    this.#instruments.orders.inc({ pool, outcome });
  }

  /** Age of the recommendation in milliseconds; undefined: there is none. */
  aged(ageMs: number | undefined, stale: boolean): void {
    this.#instruments.stale.set(stale ? 1 : 0);
    if (ageMs !== undefined) this.#instruments.age.set(ageMs / 1000);
  }

  seen({ runners, watches, calibration }: CapacitySnapshot, forecastMiss: number | undefined): void {
    const { targets, problems, watchStale, bootSeconds, forecastMiss: miss } = this.#instruments;
    targets.set({ state: 'answered' }, runners?.answeredLately ?? 0);
    targets.set({ state: 'missing' }, runners?.missing.length ?? 0);
    problems.inc(runners?.problems.length ?? 0);
    for (const [watch, view] of Object.entries(watches))
      if (view.staleMs !== undefined) watchStale.set({ watch }, view.staleMs / 1000);
    bootSeconds.set(calibration.bootSeconds.value);
    if (forecastMiss !== undefined) miss.set(forecastMiss);
  }

  decided({ demand, buffer, shapes, pools }: Recommendation): void {
    const { demand: gauge, buffer: byForecast, shapeNodes, poolNodes } = this.#instruments;
    gauge.set({ state: 'running' }, demand.runningPods);
    gauge.set({ state: 'pending' }, demand.pendingPods);
    gauge.set({ state: 'known' }, demand.knownStages);
    gauge.set({ state: 'buffer' }, demand.bufferPods);
    byForecast.set(buffer.by === 'forecast' ? 1 : 0);
    for (const { shape, nodesNow, nodesAhead } of shapes) {
      shapeNodes.set({ shape, when: 'now' }, nodesNow);
      shapeNodes.set({ shape, when: 'ahead' }, nodesAhead);
    }
    // Pools that are gone must not stand there for ever.
    poolNodes.reset();
    for (const { pool, actualNodes, readyNodes, emptyNodes, wantedNodes } of pools.slice(0, MOST_POOLS)) {
      poolNodes.set({ pool, state: 'actual' }, actualNodes);
      poolNodes.set({ pool, state: 'ready' }, readyNodes);
      poolNodes.set({ pool, state: 'empty' }, emptyNodes);
      poolNodes.set({ pool, state: 'wanted' }, wantedNodes);
    }
  }
}

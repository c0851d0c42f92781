import type { MetricSpec } from '@hangar/shared/contract/runner-metrics';

/** What this service tells Prometheus. Dashboards and documents are made of it. */
export const AUTOSCALER_METRICS = {
  info: {
    name: 'hangar_autoscaler_info',
    kind: 'gauge',
    help: 'Always 1; its label says which version this is.',
    labels: ['version'],
  },
  ticks: {
    name: 'hangar_autoscaler_ticks_total',
    kind: 'counter',
    help: 'Ticks, by how they ended: decided, stale, or failed.',
    labels: ['outcome'],
  },
  tickSeconds: {
    name: 'hangar_autoscaler_tick_seconds',
    kind: 'histogram',
    help: 'Time that a tick took, scraping included, in seconds.',
    labels: [],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  targets: {
    name: 'hangar_autoscaler_targets',
    kind: 'gauge',
    help: 'Runners that were asked at the last tick, by state: answered or missing.',
    labels: ['state'],
  },
  problems: {
    name: 'hangar_autoscaler_scrape_problems_total',
    kind: 'counter',
    help: 'Answers and values that were set aside.',
    labels: [],
  },
  demand: {
    name: 'hangar_autoscaler_demand_pods',
    kind: 'gauge',
    help: 'Pods that need room, by state: running, pending, known (no Pod yet) and buffer.',
    labels: ['state'],
  },
  buffer: {
    name: 'hangar_autoscaler_buffer_by_forecast',
    kind: 'gauge',
    help: '1 when the forecast set the buffer, 0 when the rule did.',
    labels: [],
  },
  shapeNodes: {
    name: 'hangar_autoscaler_shape_nodes',
    kind: 'gauge',
    help: 'Nodes that the demand needs if all were of one shape, now and for the lead time (ahead).',
    labels: ['shape', 'when'],
  },
  poolNodes: {
    name: 'hangar_autoscaler_pool_nodes',
    kind: 'gauge',
    help: 'Nodes of a pool: actual, ready, empty and wanted.',
    labels: ['pool', 'state'],
  },
  bootSeconds: {
    name: 'hangar_autoscaler_boot_seconds',
    kind: 'gauge',
    help: 'Time from the order of a node to its first build that is counted on, in seconds.',
    labels: [],
  },
  forecastMiss: {
    name: 'hangar_autoscaler_forecast_miss_pods',
    kind: 'gauge',
    help: 'Mean miss of the forecast over the lead time, in Pods; absent before anything is judged.',
    labels: [],
  },
  stale: {
    name: 'hangar_autoscaler_recommendation_stale',
    kind: 'gauge',
    help: '1 when the recommendation is the last good one and no longer true to the data.',
    labels: [],
  },
  age: {
    name: 'hangar_autoscaler_recommendation_age_seconds',
    kind: 'gauge',
    help: 'Time since the recommendation was made, in seconds; absent before the first.',
    labels: [],
  },
  watchStale: {
    name: 'hangar_autoscaler_watch_staleness_seconds',
    kind: 'gauge',
    help: 'Time since a watch was last heard, in seconds, by watch.',
    labels: ['watch'],
  },
  records: {
    name: 'hangar_autoscaler_pods_recorded_total',
    kind: 'counter',
    help: 'Finished Pods that were recorded.',
    labels: [],
  },
  orders: {
    name: 'hangar_autoscaler_orders_total',
    kind: 'counter',
    help: 'Orders given to pools, by pool and outcome; dry-run where nobody acts.',
    labels: ['pool', 'outcome'],
  },
} as const satisfies Record<string, MetricSpec>;

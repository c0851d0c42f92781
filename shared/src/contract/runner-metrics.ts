/** One metric of the runner: what both programs, the dashboards, the alerts and the documents call it. */
export interface MetricSpec {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** One sentence, with the unit. */
  readonly help: string;
  /** Label names; every label has few values. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[];
}

const WAIT_SECONDS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
const RUN_SECONDS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
const LATENCY_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60];

/** When a program's counters began: by Prometheus' own name, since everybody's tools look for it. */
export const PROCESS_START = {
  name: 'process_start_time_seconds',
  kind: 'gauge',
  help: 'When this process began, in seconds since 1970: counters before it were those of another one.',
  labels: [],
} as const satisfies MetricSpec;

/**
 * What the runner tells Prometheus and the autoscaler reads: the contract of both programs. Names follow Prometheus' practice
 * (base units, `_total` for counters).
 */
export const RUNNER_METRICS = {
  processStart: PROCESS_START,
  info: {
    name: 'hangar_runner_info',
    kind: 'gauge',
    help: 'Always 1; its labels say which runner this is.',
    labels: ['version', 'machine'],
  },
  capacity: {
    name: 'hangar_runner_capacity_pipelines',
    kind: 'gauge',
    help: 'Pipelines that this replica runs at once at most (DRONE_RUNNER_CAPACITY).',
    labels: [],
  },
  stages: {
    name: 'hangar_runner_stages',
    kind: 'gauge',
    help: 'Stages in the hands of this replica, by state.',
    labels: ['state'],
  },
  requestedCpu: {
    name: 'hangar_runner_requested_cpu_cores',
    kind: 'gauge',
    help: 'CPU that the Pods of these stages ask for, in cores, by state.',
    labels: ['state'],
  },
  requestedMemory: {
    name: 'hangar_runner_requested_memory_bytes',
    kind: 'gauge',
    help: 'Memory that the Pods of these stages ask for, in bytes, by state.',
    labels: ['state'],
  },
  unreported: {
    name: 'hangar_runner_unreported_stages',
    kind: 'gauge',
    help: 'Stages that have ended and whose end or logs the Drone server has not taken yet.',
    labels: [],
  },
  expired: {
    name: 'hangar_runner_expired_stages_total',
    kind: 'counter',
    help: 'Stages whose end the Drone server did not take within HANGAR_RECORD_RETENTION, so that Pod and record were removed.',
    labels: [],
  },
  builds: {
    name: 'hangar_runner_builds_total',
    kind: 'counter',
    help: 'Builds of which this replica took at least one stage, each once, by event.',
    labels: ['event'],
  },
  stagesEnded: {
    name: 'hangar_runner_stages_ended_total',
    kind: 'counter',
    help: 'Stages that ended, by result.',
    labels: ['result'],
  },
  failures: {
    name: 'hangar_runner_failures_total',
    kind: 'counter',
    help: 'Stages that did not end by their own steps, by class and by who has to act.',
    labels: ['class', 'blame'],
  },
  wait: {
    name: 'hangar_runner_wait_seconds',
    kind: 'histogram',
    help: 'From the acceptance of a stage to its admission, in seconds.',
    labels: [],
    buckets: WAIT_SECONDS,
  },
  waits: {
    name: 'hangar_runner_admission_waits_total',
    kind: 'counter',
    help: 'Stages that had to wait before admission, by the last reason.',
    labels: ['reason'],
  },
  launch: {
    name: 'hangar_runner_launch_seconds',
    kind: 'histogram',
    help: 'From admission to the Pod being handed to the scheduler, in seconds.',
    labels: [],
    buckets: LATENCY_SECONDS,
  },
  run: {
    name: 'hangar_runner_run_seconds',
    kind: 'histogram',
    help: 'From admission of a stage to its end, in seconds.',
    labels: [],
    buckets: RUN_SECONDS,
  },
  podCpu: {
    name: 'hangar_runner_pod_request_cpu_cores',
    kind: 'histogram',
    help: 'CPU request of each Pod made, in cores.',
    labels: [],
    buckets: [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8],
  },
  podMemory: {
    name: 'hangar_runner_pod_request_memory_bytes',
    kind: 'histogram',
    help: 'Memory request of each Pod made, in bytes.',
    labels: [],
    buckets: [0.125, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 16].map((gib) => gib * 2 ** 30),
  },
  stepStart: {
    name: 'hangar_runner_step_start_seconds',
    kind: 'histogram',
    help: "From a step's turn to the start of its program, in seconds, by engine.",
    labels: ['engine'],
    buckets: LATENCY_SECONDS,
  },
  unschedulable: {
    name: 'hangar_runner_unschedulable_pods',
    kind: 'gauge',
    help: 'Pods of this replica for which the scheduler finds no node now.',
    labels: [],
  },
  apiRequests: {
    name: 'hangar_runner_kubernetes_requests_total',
    kind: 'counter',
    help: 'Calls of the Kubernetes API, by verb, resource and status (0: no answer).',
    labels: ['verb', 'resource', 'code'],
  },
  apiLatency: {
    name: 'hangar_runner_kubernetes_request_seconds',
    kind: 'histogram',
    help: 'Time to the head of the answer of the Kubernetes API, in seconds, by verb.',
    labels: ['verb'],
    buckets: LATENCY_SECONDS,
  },
  limiterWait: {
    name: 'hangar_runner_limiter_wait_seconds',
    kind: 'histogram',
    help: 'Time that calls of the Kubernetes API were held back by our own pace, in seconds.',
    labels: [],
    buckets: LATENCY_SECONDS,
  },
  droneRequests: {
    name: 'hangar_runner_drone_requests_total',
    kind: 'counter',
    help: 'Calls of the Drone server, by call and status (0: no answer).',
    labels: ['call', 'code'],
  },
  pollAge: {
    name: 'hangar_runner_last_poll_age_seconds',
    kind: 'gauge',
    help: 'Time since the Drone server last answered a poll, in seconds.',
    labels: [],
  },
  watchStale: {
    name: 'hangar_runner_watch_staleness_seconds',
    kind: 'gauge',
    help: 'Time since the API server was last heard on the quietest Pod watch, in seconds.',
    labels: [],
  },
  adopted: {
    name: 'hangar_runner_adopted_pods_total',
    kind: 'counter',
    help: 'Pipelines taken over from a runner that was gone.',
    labels: [],
  },
  orphans: {
    name: 'hangar_runner_orphaned_pods',
    kind: 'gauge',
    help: 'Pods of Hangar in sight whose owner is not this replica and has no living Lease.',
    labels: [],
  },
  logLag: {
    name: 'hangar_runner_log_lag_seconds',
    kind: 'gauge',
    help: 'The largest delay of live log lines behind their writing now, in seconds.',
    labels: [],
  },
  eventLoopLag: {
    name: 'hangar_runner_event_loop_lag_seconds',
    kind: 'gauge',
    help: "The 99th percentile of the event loop's delay since the last scrape, in seconds.",
    labels: [],
  },
} as const satisfies Record<string, MetricSpec>;

/** Words of the label `state`. */
export const STAGE_STATES = ['waiting', 'starting', 'running'] as const;

/** One of {@link STAGE_STATES}: by these states metrics and `GET /demand` count stages. */
export type CountedState = (typeof STAGE_STATES)[number];

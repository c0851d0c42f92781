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
  help: 'Start time of the process, in seconds since the Unix epoch.',
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
    help: 'Always 1; the labels identify the runner.',
    labels: ['version', 'machine'],
  },
  capacity: {
    name: 'hangar_runner_capacity_pipelines',
    kind: 'gauge',
    help: 'Maximum number of pipelines that this replica runs at the same time (DRONE_RUNNER_CAPACITY).',
    labels: [],
  },
  stages: {
    name: 'hangar_runner_stages',
    kind: 'gauge',
    help: 'Stages owned by this replica, by state.',
    labels: ['state'],
  },
  requestedCpu: {
    name: 'hangar_runner_requested_cpu_cores',
    kind: 'gauge',
    help: 'CPU requests of the Pods of these stages, in cores, by state.',
    labels: ['state'],
  },
  requestedMemory: {
    name: 'hangar_runner_requested_memory_bytes',
    kind: 'gauge',
    help: 'Memory requests of the Pods of these stages, in bytes, by state.',
    labels: ['state'],
  },
  unreported: {
    name: 'hangar_runner_unreported_stages',
    kind: 'gauge',
    help: 'Ended stages whose result or logs the Drone server has not accepted yet.',
    labels: [],
  },
  expired: {
    name: 'hangar_runner_expired_stages_total',
    kind: 'counter',
    help: 'Stages whose result the Drone server did not accept within HANGAR_RECORD_RETENTION, so that their Pods and records were removed.',
    labels: [],
  },
  builds: {
    name: 'hangar_runner_builds_total',
    kind: 'counter',
    help: 'Builds of which this replica accepted at least one stage, by event. Each build counts once.',
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
    help: 'Stages that failed for other reasons than their own steps, by class and by who has to act (blame).',
    labels: ['class', 'blame'],
  },
  wait: {
    name: 'hangar_runner_wait_seconds',
    kind: 'histogram',
    help: 'Time from the acceptance of a stage to its admission, in seconds.',
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
    help: 'Time from admission until the Pod is released to the scheduler, in seconds.',
    labels: [],
    buckets: LATENCY_SECONDS,
  },
  run: {
    name: 'hangar_runner_run_seconds',
    kind: 'histogram',
    help: 'Time from the admission of a stage to its end, in seconds.',
    labels: [],
    buckets: RUN_SECONDS,
  },
  podCpu: {
    name: 'hangar_runner_pod_request_cpu_cores',
    kind: 'histogram',
    help: 'CPU request of each created Pod, in cores.',
    labels: [],
    buckets: [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8],
  },
  podMemory: {
    name: 'hangar_runner_pod_request_memory_bytes',
    kind: 'histogram',
    help: 'Memory request of each created Pod, in bytes.',
    labels: [],
    buckets: [0.125, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 16].map((gib) => gib * 2 ** 30),
  },
  stepStart: {
    name: 'hangar_runner_step_start_seconds',
    kind: 'histogram',
    help: 'Time from the turn of a step to the start of its program, in seconds, by engine.',
    labels: ['engine'],
    buckets: LATENCY_SECONDS,
  },
  unschedulable: {
    name: 'hangar_runner_unschedulable_pods',
    kind: 'gauge',
    help: 'Pods of this replica that are unschedulable now.',
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
    help: 'Time until the response headers of the Kubernetes API, in seconds, by verb.',
    labels: ['verb'],
    buckets: LATENCY_SECONDS,
  },
  limiterWait: {
    name: 'hangar_runner_limiter_wait_seconds',
    kind: 'histogram',
    help: 'Time for which the client-side rate limit delayed Kubernetes API calls, in seconds.',
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
    help: 'Time since the quietest Pod watch last received an event, in seconds.',
    labels: [],
  },
  adopted: {
    name: 'hangar_runner_adopted_pods_total',
    kind: 'counter',
    help: 'Pipelines taken over from dead runners.',
    labels: [],
  },
  orphans: {
    name: 'hangar_runner_orphaned_pods',
    kind: 'gauge',
    help: 'Pods of Hangar whose owner is not this replica and has no renewed Lease.',
    labels: [],
  },
  logLag: {
    name: 'hangar_runner_log_lag_seconds',
    kind: 'gauge',
    help: 'The current maximum delay between writing and sending of live log lines, in seconds.',
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

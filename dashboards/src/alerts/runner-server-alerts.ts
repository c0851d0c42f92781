import { RUNNER_METRICS as METRICS } from '@hangar/shared/contract/runner-metrics';
import { labelIn, labelNotIn, Select } from '../query/select.ts';
import type { AlertRule } from './alert-rule.ts';
import { API_HEALTH, answerOf, BUILD_PODS, DOCTOR, describeOf, logsOf } from './commands.ts';

const ALL = new Select('');
const { stages, apiRequests, droneRequests } = METRICS;
const EACH = ['namespace', 'instance'] as const;

/** Alerts on the servers that the runner depends on. */
export const SERVER_ALERTS: readonly AlertRule[] = [
  {
    name: 'HangarApiThrottled',
    component: 'runner',
    severity: 'warning',
    expr: `${ALL.rate(apiRequests, '10m', { code: '429' }).sum('namespace').text} > 0.1`,
    threshold: { comparison: '> 0.1', meaning: 'calls a second that are answered with 429' },
    lasting: '10m',
    summary: 'The Kubernetes API throttles the runners in {{ $labels.namespace }}',
    description: '{{ $value | humanize }} calls a second are answered with 429. Builds start and end later.',
    means:
      'The API server (API Priority and Fairness) rejects calls of the runner. The runner waits and retries: nothing is lost, but everything is slower.',
    looks: [
      {
        text: 'Which calls does the runner make?',
        query: `topk(5, ${ALL.rate(apiRequests, '10m').sum('verb', 'resource').text})`,
      },
      { text: 'Who else is throttled? `apiserver_flowcontrol_rejected_requests_total` of the API server.' },
    ],
    commands: [
      'kubectl get --raw /debug/api_priority_and_fairness/dump_priority_levels',
      'kubectl get flowschemas',
    ],
    acts: [
      'Find the client that fills the priority level of the runner (often another controller), or give the runner a FlowSchema of its own.',
      'Fewer pipelines at once (`DRONE_RUNNER_CAPACITY`) reduce the load at once.',
    ],
  },
  {
    name: 'HangarClientRateLimited',
    component: 'runner',
    severity: 'warning',
    expr: `${ALL.quantile(0.95, METRICS.limiterWait, '10m', ...EACH).text} > 5`,
    threshold: { comparison: '> 5', meaning: 'seconds of the p95 delay by the client-side rate limit' },
    lasting: '10m',
    summary:
      'Runner {{ $labels.instance }} in {{ $labels.namespace }} delays its Kubernetes API calls by seconds',
    description:
      'The client-side rate limit delayed 5 % of the Kubernetes API calls by more than {{ $value | humanizeDuration }}.',
    means: 'The client-side rate limit of calls to the Kubernetes API is too low for the load.',
    looks: [
      { text: 'How many calls are there?', query: ALL.rate(apiRequests, '10m').sum('instance').text },
      {
        text: 'Does the API server throttle too?',
        query: ALL.rate(apiRequests, '10m', { code: '429' }).sum('instance').text,
      },
    ],
    commands: [logsOf('runner'), BUILD_PODS],
    acts: [
      'If the API server does not throttle: raise `DRONE_KUBE_CLIENT_QPS`.',
      'If it does: see [HangarApiThrottled](HangarApiThrottled.md).',
    ],
  },
  {
    name: 'HangarApiFailing',
    component: 'runner',
    severity: 'critical',
    expr: [
      `${ALL.rate(apiRequests, '5m', { code: labelIn('0', '5..') }).sum('namespace').text}`,
      `/ ${ALL.rate(apiRequests, '5m').sum('namespace').text} > 0.1`,
    ].join('\n'),
    threshold: { comparison: '> 0.1', meaning: 'share of the calls' },
    lasting: '5m',
    summary:
      '{{ $value | humanizePercentage }} of the calls of the Kubernetes API by runners in {{ $labels.namespace }} fail',
    description:
      'The API server answers 5xx or not at all. New builds do not start, and the end of builds is detected late.',
    means:
      'The API server, or the network between it and the runner, has a problem. Running pipelines continue in their Pods.',
    looks: [
      {
        text: 'Which calls fail, and how?',
        query: `${ALL.rate(apiRequests, '5m', { code: labelIn('0', '5..') }).sum('verb', 'resource', 'code').text}`,
      },
      { text: 'Are other clients affected too? `apiserver_request_total` by code.' },
    ],
    commands: [API_HEALTH, logsOf('runner')],
    acts: [
      'Repair the API server or the network. The runner recovers by itself and reports the builds that ended meanwhile.',
    ],
  },
  {
    name: 'HangarPermissionMissing',
    component: 'runner',
    severity: 'warning',
    expr: `${ALL.increase(apiRequests, '10m', { code: labelIn('401', '403') }).sum('namespace', 'verb', 'resource').text} > 1`,
    threshold: { comparison: '> 1', meaning: 'refused calls within 10 minutes' },
    lasting: '5m',
    summary:
      'Kubernetes forbids the runners in {{ $labels.namespace }} to {{ $labels.verb }} {{ $labels.resource }}',
    description:
      'Calls were repeatedly answered with 401 or 403: a permission was revoked, or a token expired.',
    means:
      'The runner reviews its permissions when it starts, and disables a feature whose permission is missing. This permission was revoked later, or the runner requires it.',
    looks: [
      {
        text: 'Which permission?',
        query: `${ALL.increase(apiRequests, '10m', { code: labelIn('401', '403') }).sum('verb', 'resource').text} > 0`,
      },
      {
        text: 'Required: [role.yaml](../role.yaml). `hangar-runner doctor` prints the rules that are missing ([doctor](../doctor.md)).',
      },
    ],
    commands: [
      'kubectl get rolebindings,clusterrolebindings -A -l hangar.dev/component=runner -o wide',
      DOCTOR,
      logsOf('runner'),
    ],
    acts: [
      'Grant the permission again (upgrade the chart, or apply docs/role.yaml). Then restart the runner, so that it reviews its permissions.',
    ],
  },
  {
    name: 'HangarDroneFailing',
    component: 'runner',
    severity: 'critical',
    expr: [
      `${ALL.rate(droneRequests, '5m', { call: labelNotIn('request'), code: labelIn('0', '401', '403', '5..') }).sum('namespace', 'call').text}`,
      `/ ${ALL.rate(droneRequests, '5m').sum('namespace', 'call').text} > 0.2`,
    ].join('\n'),
    threshold: { comparison: '> 0.2', meaning: 'share of the calls' },
    lasting: '10m',
    summary:
      '{{ $value | humanizePercentage }} of the calls "{{ $labels.call }}" of the Drone server by runners in {{ $labels.namespace }} fail',
    description:
      'The Drone server refuses calls or does not answer them. States and logs of builds are delayed.',
    means: 'The runner keeps its reports and retries. Until the server answers, users see outdated states.',
    looks: [
      { text: 'How do calls end?', query: ALL.rate(droneRequests, '5m').sum('call', 'code').text },
      { text: 'The log of the Drone server, its database and its storage of logs.' },
    ],
    commands: [answerOf('runner', '/readyz'), logsOf('runner')],
    acts: [
      '401 or 403: set `DRONE_RPC_SECRET` to the secret of the server.',
      '5xx on `sendLines` or `uploadLog` only: the storage of logs. On `updateStage` and `updateStep`: the database.',
    ],
  },
];

/** Alerts on the runner's own state. */
export const HEALTH_ALERTS: readonly AlertRule[] = [
  {
    name: 'HangarWatchStale',
    component: 'runner',
    severity: 'critical',
    expr: `${ALL.gauge(METRICS.watchStale).max(...EACH).text} > 180`,
    threshold: { comparison: '> 180', meaning: 'seconds without a watch event' },
    lasting: '5m',
    summary:
      'Runner {{ $labels.instance }} in {{ $labels.namespace }} has received no watch event for its Pods for {{ $value | humanizeDuration }}',
    description: 'A watch of Pods is silent. The end of steps and Pods is detected late or not at all.',
    means:
      'Every watch receives a bookmark about once a minute. After two missing bookmarks the runner lists the Pods again, so listing fails too.',
    looks: [
      {
        text: 'Do lists and watches fail?',
        query: `${ALL.rate(apiRequests, '10m', { verb: labelIn('list', 'watch') }).sum('instance', 'code').text}`,
      },
      {
        text: 'Is the runner allowed to list and watch Pods in every namespace that it uses? `hangar-runner doctor` reports it ([doctor](../doctor.md)).',
      },
    ],
    commands: [API_HEALTH, DOCTOR, logsOf('runner')],
    acts: [
      '403: see [HangarPermissionMissing](HangarPermissionMissing.md). 0 or 5xx: see [HangarApiFailing](HangarApiFailing.md).',
      'Otherwise, restart this runner. Its Pods are adopted.',
    ],
  },
  {
    name: 'HangarLogsLate',
    component: 'runner',
    severity: 'warning',
    expr: `${ALL.gauge(METRICS.logLag).max(...EACH).text} > 30`,
    threshold: { comparison: '> 30', meaning: 'seconds' },
    lasting: '10m',
    summary:
      'Live logs of {{ $labels.instance }} in {{ $labels.namespace }} are {{ $value | humanizeDuration }} late',
    description: 'Lines of running builds are shown late. No line is lost.',
    means: 'Lines wait on their way from the kubelet through the runner to Drone.',
    looks: [
      { text: 'Is the process short of CPU?', query: ALL.gauge(METRICS.eventLoopLag).max('instance').text },
      {
        text: 'Does the Drone server accept lines slowly?',
        query: ALL.rate(droneRequests, '10m', { call: 'sendLines' }).sum('instance', 'code').text,
      },
      {
        text: 'Do clocks of nodes and runner differ? The delay is measured from the time stamp of the kubelet.',
      },
    ],
    commands: ['kubectl top pods -n "$NAMESPACE" -l hangar.dev/component=runner', logsOf('runner')],
    acts: ['Give the runner more CPU, or add a replica.', 'Repair the Drone server or its storage of logs.'],
  },
  {
    name: 'HangarOrphanedPods',
    component: 'runner',
    severity: 'warning',
    expr: `${ALL.gauge(METRICS.orphans).max('namespace').text} > 0`,
    threshold: { comparison: '> 0', meaning: 'Pods' },
    lasting: '15m',
    summary:
      '{{ $value }} Pods of builds belong to no running runner, according to runners in {{ $labels.namespace }}',
    description: 'Pods without a running owner are adopted within seconds. These have stayed for 15 minutes.',
    means:
      'Their runner is no longer running, and no other runner adopts them: it lacks the permission, or the Pods belong to another Drone server.',
    looks: [
      {
        text: 'Which Pods? Those with the label `app.kubernetes.io/managed-by=hangar-runner` whose owner annotation does not name a renewed Lease.',
      },
      {
        text: 'Are adoptions refused?',
        query: `${ALL.increase(apiRequests, '15m', { verb: 'patch', resource: 'pods' }).sum('code').text}`,
      },
    ],
    commands: [BUILD_PODS, 'kubectl get leases -n "$NAMESPACE"', logsOf('runner')],
    acts: [
      'Start a runner for their Drone server and their namespace, if none is running. It adopts them.',
      'If they are no longer needed, delete them. Their Secrets are deleted with them.',
    ],
  },
  {
    name: 'HangarStagesExpired',
    component: 'runner',
    severity: 'critical',
    expr: `${ALL.increase(METRICS.expired, '1h').sum('namespace').text} > 0`,
    lasting: '1m',
    summary:
      'Results of stages were never reported to the Drone server by runners in {{ $labels.namespace }}',
    description:
      '{{ $value | humanize }} stages within an hour exceeded the retention, so their Pods and records were removed. The server may show their builds as running forever.',
    means:
      'The Drone server did not accept the results of these stages within `HANGAR_RECORD_RETENTION`, so the runner gave up reporting them.',
    looks: [
      { text: 'Which stages? They are in the log of the runner, with build and stage ids.' },
      { text: 'Are other stages still waiting?', query: ALL.gauge(METRICS.unreported).sum('instance').text },
      {
        text: 'How does the server answer?',
        query: ALL.rate(droneRequests, '10m').sum('call', 'code').text,
      },
    ],
    commands: [answerOf('runner', '/readyz'), logsOf('runner')],
    acts: [
      'Repair the Drone server or the connection to it. `/readyz` of the runner shows the response of the server.',
      'Cancel these builds at the server.',
      'If the outage will last longer, raise `HANGAR_RECORD_RETENTION`.',
    ],
  },
  {
    name: 'HangarRunnerRestarts',
    component: 'runner',
    severity: 'warning',
    expr: `changes(${METRICS.processStart.name}[1h]) > 2 and on (namespace, instance) ${ALL.gauge(METRICS.info).text}`,
    threshold: { comparison: '> 2', meaning: 'restarts within an hour' },
    lasting: '1m',
    summary: 'Runner {{ $labels.instance }} in {{ $labels.namespace }} restarts repeatedly',
    description: 'It was started {{ $value }} times within an hour. Its pipelines are adopted each time.',
    means:
      'The process exits by itself. Exit code 75: its listen address is taken. 137: it was OOM-killed. 70: a bug.',
    looks: [
      { text: 'The exit code and the end of the log: `kubectl describe pod`, `kubectl logs --previous`.' },
      {
        text: 'Does the liveness probe fail because the process lacks CPU?',
        query: ALL.gauge(METRICS.eventLoopLag).max('instance').text,
      },
    ],
    commands: [
      describeOf('runner'),
      'kubectl logs -n "$NAMESPACE" -l hangar.dev/component=runner --previous --prefix --tail=50',
    ],
    acts: [
      '75: free the address, or set another `DRONE_SERVER_PORT`.',
      '137: raise the memory limit of the runner.',
      '70: report it with the log.',
    ],
  },
  {
    name: 'HangarEventLoopLag',
    component: 'runner',
    severity: 'warning',
    expr: `${ALL.gauge(METRICS.eventLoopLag).max(...EACH).text} > 0.5`,
    threshold: { comparison: '> 0.5', meaning: 'seconds (p99)' },
    lasting: '10m',
    summary: 'Runner {{ $labels.instance }} in {{ $labels.namespace }} does not keep up',
    description:
      'Its event loop is {{ $value | humanizeDuration }} late (p99). Logs are delayed, and in the worst case the Lease is lost.',
    means:
      'The process lacks CPU: its limit throttles it, its node is full, or it has too many pipelines with much output.',
    looks: [
      { text: 'How many stages does it run?', query: ALL.gauge(stages).sum('instance').text },
      { text: 'Is it throttled? `container_cpu_cfs_throttled_periods_total` of its container.' },
    ],
    commands: ['kubectl top pods -n "$NAMESPACE" -l hangar.dev/component=runner', describeOf('runner')],
    acts: ['Raise or remove its CPU limit, lower `DRONE_RUNNER_CAPACITY`, or add a replica.'],
  },
];

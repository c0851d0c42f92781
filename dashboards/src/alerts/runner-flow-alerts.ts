import { RUNNER_METRICS as METRICS } from '@hangar/shared/contract/runner-metrics';
import { labelIn, labelNotIn, Select } from '../query/select.ts';
import type { AlertRule } from './alert-rule.ts';
import {
  answerOf,
  BUILD_PODS,
  DOCTOR,
  describeOf,
  EVENTS,
  logsOf,
  NODES,
  podsOf,
  SCHEDULER_EVENTS,
} from './commands.ts';
import { releaseDown, targetDown } from './down.ts';

const ALL = new Select('');
const { stages, capacity, waits, wait, failures, stagesEnded, droneRequests } = METRICS;

const waiting = ALL.gauge(stages, { state: 'waiting' });
const taken = ALL.gauge(stages, { state: labelIn('starting', 'running') });
const EACH = ['namespace', 'instance'] as const;

const STAGES_NEED_TOKEN =
  'It requires the token of `HANGAR_HTTP_TOKEN` (`curl -H "Authorization: Bearer TOKEN"`) or the password of `DRONE_UI_PASSWORD` (`curl -u USER:PASSWORD`) if one is set.';

/** Alerts on a build's path from Drone to its Pod. */
export const FLOW_ALERTS: readonly AlertRule[] = [
  {
    name: 'HangarRunnerDown',
    component: 'runner',
    severity: 'critical',
    expr: releaseDown(METRICS.info),
    lasting: '5m',
    summary: 'No runner of {{ $labels.job }} in {{ $labels.namespace }} is reachable',
    description: 'Prometheus has not scraped any runner of this job for 5 minutes: no new build is accepted.',
    means:
      'No process of the runner answers Prometheus. Running pipelines continue in their Pods, but are not reported, and no new ones are accepted.',
    looks: [
      {
        text: 'Do the scrape targets exist? Their last error is on the page "Targets" of Prometheus.',
        query: 'up',
      },
      {
        text: 'Is there a Pod of the runner, is it ready, and what does its log end with? Exit code 78: the configuration is invalid, the log names each setting. 75: its listen address is taken. 70: a bug.',
      },
    ],
    commands: [podsOf('runner'), describeOf('runner'), logsOf('runner'), EVENTS],
    acts: [
      'Exit code 78: correct the settings that the log names.',
      'If there is no Pod, check the Deployment and the events of its ReplicaSet (quota, image, node).',
      'If the Pod is healthy, check the ServiceMonitor or the scrape configuration, and NetworkPolicies between Prometheus and the runner.',
      'No build is lost: the next runner adopts the Pods and reports their results.',
      'If the release was uninstalled on purpose, silence the alert. It ends 3 days after the last scrape of the release.',
    ],
  },
  {
    name: 'HangarRunnerTargetDown',
    component: 'runner',
    severity: 'warning',
    expr: targetDown(METRICS.info),
    lasting: '10m',
    summary:
      'Prometheus cannot scrape runner {{ $labels.instance }} of {{ $labels.job }} in {{ $labels.namespace }}',
    description: 'Other runners of the release may answer. This one has not been scraped for 10 minutes.',
    means:
      'A target that was a runner within the last day still exists, and its metrics are not served: the process hangs or restarts, or its node or the network to it is down.',
    looks: [
      { text: 'Which targets are down?', query: 'up == 0' },
      { text: 'Is its Pod ready, and did its process end? Its log names the reason.' },
    ],
    commands: [podsOf('runner'), describeOf('runner'), logsOf('runner')],
    acts: [
      'If the Pod is not ready, its `/readyz` names the reason.',
      'If its node is lost, delete the Pod. Another runner adopts its pipelines.',
      'If the Pod is healthy, check NetworkPolicies between Prometheus and the runner.',
    ],
  },
  {
    name: 'HangarRunnerNotPolling',
    component: 'runner',
    severity: 'critical',
    expr: [
      `${ALL.gauge(METRICS.pollAge).max(...EACH).text} > 150`,
      `and on (namespace, instance) (${waiting.sum(...EACH).text} == 0)`,
      `and on (namespace, instance) (${taken.sum(...EACH).text} < on (namespace, instance) ${ALL.gauge(capacity).max(...EACH).text})`,
    ].join('\n'),
    threshold: { comparison: '> 150', meaning: 'seconds since the last answered poll' },
    lasting: '2m',
    summary: 'Runner {{ $labels.instance }} in {{ $labels.namespace }} gets no answer from the Drone server',
    description:
      'The last poll was answered {{ $value | humanizeDuration }} ago, although there is capacity for more stages. New builds wait in Drone.',
    means:
      'The runner has capacity and polls for work, and the Drone server does not answer. A poll lasts up to a minute, so that two of them have failed.',
    looks: [
      {
        text: 'How do polls end? 0: no answer, 401: wrong secret, 5xx: Drone has a problem.',
        query: `${ALL.increase(droneRequests, '10m', { call: 'request' }).sum('instance', 'code').text}`,
      },
      { text: 'The log of the runner has each failed poll with its reason.' },
    ],
    commands: [logsOf('runner'), answerOf('runner', '/readyz'), DOCTOR],
    acts: [
      '401: give the runner the `DRONE_RPC_SECRET` of the server and restart it.',
      '0: check `DRONE_RPC_HOST` and `DRONE_RPC_PROTO`, and DNS, proxies and NetworkPolicies between both.',
      '5xx: check the Drone server and its database. The runner recovers by itself.',
    ],
  },
  {
    name: 'HangarStagesWaitTooLong',
    component: 'runner',
    severity: 'warning',
    expr: [
      `${ALL.increase(waits, '15m').sum('namespace', 'reason').text} > 0`,
      `and on (namespace) (${ALL.quantile(0.95, wait, '15m', 'namespace').text} > 300)`,
    ].join('\n'),
    threshold: { comparison: '> 300', meaning: 'seconds of the p95 wait for admission' },
    lasting: '10m',
    summary:
      'Stages in {{ $labels.namespace }} wait too long before they get a Pod, for {{ $labels.reason }}',
    description:
      '{{ $value | humanize }} stages of {{ $labels.namespace }} waited for {{ $labels.reason }} within 15 minutes, and 5 % of them for longer than the threshold (5 minutes unless it is changed).',
    means:
      'Hangar holds stages back before they get a Pod, and the reason is the label `reason`: `capacity`, `budget-cpu`, `budget-memory`, `budget-pods`, `budget-nodes`, `quota`, `repository`, or `queue` (other stages are first in the queue, for one of these reasons).',
    looks: [
      {
        text: 'How much of the capacity is in use?',
        query: `${taken.sum('namespace').text} / ${ALL.gauge(capacity).sum('namespace').text}`,
      },
      { text: 'Which reasons are common?', query: ALL.rate(waits, '15m').sum('reason').text },
      {
        text: `The log of a waiting build, and \`GET /stages\` of the runner, show how much is in use and how much is required. ${STAGES_NEED_TOKEN}`,
      },
    ],
    commands: [answerOf('runner', '/stages'), 'kubectl describe resourcequota -A'],
    acts: [
      '`capacity`: raise `DRONE_RUNNER_CAPACITY`, or add a replica.',
      '`budget-…`: raise `HANGAR_BUDGET_CPU`, `HANGAR_BUDGET_MEMORY` or `HANGAR_BUDGET_PODS`.',
      '`budget-nodes`: add nodes, or open nodes that are cordoned; the log of the build states whether none is ready or none has room.',
      '`quota`: raise the ResourceQuota of the namespace, or move builds to another one.',
      'If nodes are missing, raising limits only moves the wait: see the board "Capacity".',
    ],
  },
  {
    name: 'HangarNothingAdmitted',
    component: 'runner',
    severity: 'critical',
    expr: [
      `min_over_time(${waiting.sum('namespace').text}[30m:1m]) > 0`,
      `and on (namespace) (${`sum by (namespace) (increase(${wait.name}_count[30m]))`} == 0)`,
    ].join('\n'),
    lasting: '5m',
    summary: 'Stages wait in {{ $labels.namespace }} and none has been admitted for half an hour',
    description: 'At least {{ $value }} stages have waited for 30 minutes, and none was admitted.',
    means:
      'There is work, and not one stage got a Pod for half an hour. A quota, a budget or the room on nodes (`HANGAR_BUDGET_NODES`) is used up by work that does not end, or a very large pipeline is first in the queue.',
    looks: [
      { text: `What runs, and for how long? \`GET /stages\` of the runner. ${STAGES_NEED_TOKEN}` },
      {
        text: 'Is the quota used up by other workloads? `kubectl describe resourcequota` in the namespace of the builds.',
      },
      {
        text: 'Are Pods unschedulable?',
        query: ALL.gauge(METRICS.unschedulable).sum('namespace').text,
      },
    ],
    commands: [answerOf('runner', '/stages'), 'kubectl describe resourcequota -A', BUILD_PODS],
    acts: [
      'Cancel builds in Drone that use capacity and should not.',
      'Raise the quota or the budget that the waiting builds name in their logs.',
      'Set `HANGAR_WAIT_LIMIT` to fail stages that wait for too long, with an error that names the reason.',
    ],
  },
  {
    name: 'HangarPodsUnschedulable',
    component: 'runner',
    severity: 'warning',
    expr: `${ALL.gauge(METRICS.unschedulable).sum('namespace').text} > 0`,
    threshold: { comparison: '> 0', meaning: 'unschedulable Pods' },
    lasting: '15m',
    summary: '{{ $value }} Pods of builds in {{ $labels.namespace }} are unschedulable',
    description:
      'Pods of builds have been unschedulable for 15 minutes, which is longer than a node takes to boot.',
    means:
      'Builds were admitted and have Pods, but no node has enough free capacity, or none matches (labels, taints, requests larger than a node).',
    looks: [
      { text: 'What does the scheduler report? `kubectl describe pod` of one of them: FailedScheduling.' },
      { text: 'Is the desired number of nodes above the actual one?', query: 'hangar_autoscaler_pool_nodes' },
    ],
    commands: [BUILD_PODS, SCHEDULER_EVENTS, NODES],
    acts: [
      'Check whether the node autoscaler works, and whether it can add nodes (its limits, quotas of the cloud).',
      'If a Pod is larger than any node, lower the requests of the pipeline, or add a pool of larger nodes.',
      'Limit how long a build may be unschedulable: `HANGAR_SCHEDULING_TIMEOUT`.',
    ],
  },
];

/** Alerts on failing stages, by who has to act. */
export const FAILURE_ALERTS: readonly AlertRule[] = [
  {
    name: 'HangarStagesBreak',
    component: 'runner',
    severity: 'warning',
    expr: [
      `${ALL.increase(failures, '30m', { blame: labelIn('operator', 'cluster') }).sum('namespace', 'blame').text}`,
      `/ on (namespace) group_left () ${ALL.increase(stagesEnded, '30m').sum('namespace').text} > 0.05`,
      `and ${ALL.increase(failures, '30m', { blame: labelIn('operator', 'cluster') }).sum('namespace', 'blame').text} >= 3`,
    ].join('\n'),
    threshold: { comparison: '> 0.05', meaning: 'share of the stages' },
    lasting: '5m',
    summary:
      '{{ $value | humanizePercentage }} of the stages in {{ $labels.namespace }} break, responsible: {{ $labels.blame }}',
    description:
      'Within 30 minutes, {{ $value | humanizePercentage }} of the stages in {{ $labels.namespace }} failed for reasons that their authors cannot fix.',
    means:
      'More than 5 % of the stages fail for reasons other than their own steps. The label `blame` names who has to act: the `operator` of Hangar and Drone, or the administrator of the `cluster`.',
    looks: [
      {
        text: 'Which failure classes?',
        query: `${ALL.increase(failures, '30m', { blame: labelNotIn('pipeline') }).sum('class', 'blame').text} > 0`,
      },
      { text: 'The meaning and the remedy of each class: [errors.md](../errors.md).' },
    ],
    commands: [logsOf('runner'), BUILD_PODS],
    acts: [
      'Follow [errors.md](../errors.md) for the class; its last columns show whether builds can be restarted, and the remedy.',
    ],
  },
  {
    name: 'HangarInternalErrors',
    component: 'runner',
    severity: 'warning',
    expr: `${ALL.increase(failures, '1h', { blame: 'bug' }).sum('namespace', 'class').text} > 0`,
    lasting: '1m',
    summary: 'A stage in {{ $labels.namespace }} ended by a bug of Hangar ({{ $labels.class }})',
    description: '{{ $value | humanize }} stages within an hour ended with an unclassified failure.',
    means: 'The runner met an unclassified failure. It is a bug of Hangar, not of the pipeline.',
    looks: [
      {
        text: 'Which class, on which runner?',
        query: `${ALL.increase(failures, '1h', { blame: 'bug' }).sum('instance', 'class').text} > 0`,
      },
      { text: 'The log of that runner names the stage, with the error and where it was thrown.' },
    ],
    commands: [logsOf('runner')],
    acts: ['Report it with the log of the stage. Check what its steps did, then restart the build.'],
  },
];

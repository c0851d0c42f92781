import { type SettingInfo, setting } from '@hangar/shared/config';
import {
  atLeast,
  BYTES,
  CPU,
  DECIMAL,
  DURATION,
  FLAG,
  integer,
  LIST,
  maybe,
  oneOf,
  TEXT,
  TOKEN,
  type ValueKind,
} from '@hangar/shared/config-values';
import { PAUSED_ANNOTATION, RUNNER_SELECTOR, SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import {
  ACTUATORS,
  DURATION_OR_OFF,
  FLOORS,
  NODE_SHAPES,
  POOL_SHAPES,
  PRICES,
  RESOURCES_OR_NONE,
  SHARE,
  WAIT_PRICES,
} from './setting-kinds.ts';

type SettingText = Omit<SettingInfo, 'section'>;

const group =
  (section: string) =>
  <T>(name: string, kind: ValueKind<T>, fallback: T, about: string | SettingText) =>
    setting(`HANGAR_AUTOSCALER_${name}`, kind, fallback, {
      section,
      ...(typeof about === 'string' ? { description: about } : about),
    });

/** The bound of a dry run that names none. */
export const MOST_NODES_UNSET = 1_000;

/** A price of waiting replaces the rule. */
const WITHOUT_A_PRICE = 'Only with `HANGAR_AUTOSCALER_WAIT_PRICE=off` or `HANGAR_AUTOSCALER_FORECAST=false`.';

const sources = group('sources');
const pools = group('pools');
const sizing = group('sizing');
const rails = group('rails');
const money = group('money');
const acting = group('acting');
const leading = group('leading');
const process = group('process');

/** Every setting of the service: the environment is read with it, and the documents are generated from it. */
export const SETTINGS = {
  runners: sources('RUNNERS', LIST, [], {
    description: 'Addresses of the HTTP servers of the runners, such as `http://runner-0:3000`.',
  }),
  runnerService: sources(
    'RUNNER_SERVICE',
    TEXT,
    '',
    'A Service whose endpoints are runners, as `namespace/name:port`.',
  ),
  runnerToken: sources('RUNNER_TOKEN', maybe(TOKEN), undefined, {
    description:
      "The runners' `HANGAR_HTTP_TOKEN`, sent to each runner as a bearer token. Empty: no token is sent.",
    secret: true,
  }),
  droneMetrics: sources('DRONE_METRICS', TEXT, '', {
    description:
      'Address of the Drone server’s own metrics, such as `https://drone.acme.test/metrics`: pending stages that no runner has accepted count as known demand.',
    note: 'Use it only if all pipelines of the server run on Hangar: the metric includes those of other runners.',
  }),
  droneTokenFile: sources(
    'DRONE_METRICS_TOKEN_FILE',
    TEXT,
    '',
    'File with the token of an administrator of Drone, sent as a bearer token. The file is read for each request. Empty: no token is sent.',
  ),
  scrapeDeadlineMs: sources('SCRAPE_DEADLINE', atLeast(1, DURATION), 5_000, {
    description: 'Deadline of a query to a runner.',
  }),
  tickMs: sources('TICK', DURATION, 10_000, {
    description: 'How often data is collected and a decision is made.',
  }),
  staleAfterMs: sources('STALE_AFTER', DURATION, 180_000, {
    description:
      'Data older than this is stale: the last valid recommendation is kept and marked as stale, and nothing is scaled.',
    note: 'An idle watch receives a bookmark about once a minute.',
  }),
  kubernetes: sources(
    'KUBERNETES',
    oneOf('on', 'off'),
    'on',
    '`off`: Pods and nodes are not watched; the runners are the only source.',
  ),
  kubeconfig: sources('KUBECONFIG', TEXT, '', 'Path of a kubeconfig; empty: in-cluster configuration.'),
  podSelector: sources(
    'POD_SELECTOR',
    TEXT,
    RUNNER_SELECTOR,
    'Label selector for Pods of builds. Pods of any CI system can be counted.',
  ),
  podNamespaces: sources('POD_NAMESPACES', LIST, [], {
    description:
      'Namespaces of Pods of builds; `drone-*` matches all namespaces with this prefix. Pods in other namespaces are ignored. Empty: all namespaces.',
    note: 'The chart sets the namespaces of the jobs.',
  }),
  poolLabel: pools('POOL_LABEL', TEXT, 'node.kubernetes.io/instance-type', {
    description:
      'Node label whose value is the name of the pool. Nodes without it belong to the pool `default`.',
  }),
  poolTaint: pools('POOL_TAINT', TEXT, '', 'Key of the taint on nodes for builds. Empty: none.'),
  poolOrder: pools(
    'POOLS',
    LIST,
    [],
    'Order in which new work is assigned to pools. Other pools follow, busy ones first.',
  ),
  shapes: pools('SHAPES', NODE_SHAPES, [], 'Node shapes to size in addition to the two published ones.'),
  poolShapes: pools(
    'POOL_SHAPES',
    POOL_SHAPES,
    {},
    {
      description:
        'Node shape of a pool that has no nodes, so that it can be scaled from zero. Needed only until the first node of the pool is observed.',
      defaultText: '',
    },
  ),
  daemonSets: pools(
    'DAEMONSETS',
    RESOURCES_OR_NONE,
    { cpuMillicores: 300, memoryBytes: 370 * 2 ** 20 },
    {
      description:
        'Requests of DaemonSets on a node that does not exist yet, or where DaemonSets cannot be watched.',
      defaultText: 'cpu=300m,memory=370Mi',
    },
  ),
  bootMs: pools('BOOT_TIME', DURATION, 180_000, {
    description: 'Time from the request for a node until it is ready, until enough boots are observed.',
  }),
  objectiveMs: sizing('OBJECTIVE', DURATION, 10_000, {
    description: 'Objective for the 95th percentile of the wait for a node.',
    note: 'It sizes shapes and the mix, and is the limit of the alert HangarWaitsAboveObjective. It changes the buffer of pools only without a price of waiting.',
  }),
  waitPrices: sizing(
    'WAIT_PRICE',
    WAIT_PRICES,
    { usual: 30, byEvent: {} },
    {
      description:
        'Price of waiting: how many node-minutes one minute of a waiting build is worth. A spare node is kept while the wait that it is expected to save is worth more than the node. Builds of an event may have a price of their own: nobody waits for a nightly pipeline with `30,cron=1`. `off`: the buffer follows `HANGAR_AUTOSCALER_BUFFER_QUANTILE`, `HANGAR_AUTOSCALER_BUFFER_FLOOR` and the objective instead.',
      defaultText: '30',
    },
  ),
  waitBoundMs: sizing('WAIT_BOUND', DURATION_OR_OFF, undefined, {
    description:
      'Bound for the wait for a node, such as `30s`: 95 % of the builds do not wait longer, whatever the price of waiting is. Room for one more push is kept free at all times. `off`: no bound.',
    defaultText: 'off',
  }),
  calendarFile: sizing('CALENDAR', TEXT, '', {
    description:
      'File with holidays, read at the start: a date on each line, such as `2026-12-25`. On such a day as few pushes are expected as on a Sunday, or as on another weekday after the date: `2026-12-24 Sat`. Without a price of waiting it has no effect.',
    defaultText: '',
  }),
  z: sizing('BUFFER_Z', DECIMAL, 2, {
    description:
      '`z` in the rule for the buffer, `z·√(running + waiting) + floor` Pods. Use 3 for loads that change suddenly.',
    note: WITHOUT_A_PRICE,
  }),
  floor: sizing('BUFFER_FLOOR', DECIMAL, 5, {
    description: 'Minimum buffer in Pods, which applies at quiet times too. The default is one push.',
    note: WITHOUT_A_PRICE,
  }),
  quantile: sizing('BUFFER_QUANTILE', SHARE, 0.82, {
    description: 'Share of the time in which the buffer of the forecast is sufficient.',
    note: 'Only with `HANGAR_AUTOSCALER_WAIT_PRICE=off`.',
  }),
  forecast: sizing('FORECAST', FLAG, true, {
    description:
      '`true`: the buffer follows the price of waiting, or with `HANGAR_AUTOSCALER_WAIT_PRICE=off` the forecast in hours in which its back-test is better than the rule. `false`: nothing is learned, and the buffer follows the rule.',
  }),
  seed: sizing('SEED', integer(0, 2 ** 31 - 1), 1, 'The same data and seed give the same answer.'),
  minNodes: rails('MIN_NODES', integer(0, 100_000), 0, 'Minimum number of nodes of a pool.'),
  maxNodes: rails('MAX_NODES', maybe(integer(0, 100_000)), undefined, {
    description: 'Maximum number of nodes of a pool. Required by `HANGAR_AUTOSCALER_ACT=on`.',
    defaultText: String(MOST_NODES_UNSET),
  }),
  stepUp: rails('STEP_UP', integer(1, 100_000), 100, 'Maximum number of nodes added to a pool at once.'),
  stepDown: rails(
    'STEP_DOWN',
    integer(1, 100_000),
    10,
    'Maximum number of nodes removed from a pool at once.',
  ),
  coolDownMs: rails('COOL_DOWN', DURATION, 60_000, {
    description: 'A pool is not scaled down within this time after it was scaled up.',
  }),
  quotaCpu: rails('QUOTA_CPU', maybe(CPU), undefined, 'Maximum total CPU of the nodes of a pool.'),
  quotaMemory: rails('QUOTA_MEMORY', maybe(BYTES), undefined, 'Maximum total memory of the nodes of a pool.'),
  act: acting('ACT', oneOf('off', 'on'), 'off', {
    description:
      '`off`: a dry run that reports what it would do and writes nothing. `on`: pools are scaled, and nodes marked.',
    note: `The annotation \`${PAUSED_ANNOTATION}\` on a node, NodePool, CapacityBuffer or Deployment pauses scaling of it; on the Lease, of everything.`,
  }),
  actuators: acting('ACTUATORS', ACTUATORS, [], {
    description:
      'Actuator of each pool: a static NodePool of Karpenter (total number of nodes), a CapacityBuffer, or a Deployment of placeholders (capacity to keep free).',
    defaultText: '',
    note: '`*3`: number of Pods of the buffer’s template that fill a node.',
  }),
  place: acting(
    'PLACE',
    oneOf('off', 'on'),
    'off',
    `\`on\`: surplus nodes, those that are expected to be empty soonest, are marked with the taint \`${SURPLUS_TAINT.key}\` (${SURPLUS_TAINT.effect}), so that builds are packed onto fewer nodes. The taint never prevents a Pod from being scheduled.`,
  ),
  bufferToleratesSurplus: acting(
    'BUFFER_TOLERATES_SURPLUS',
    oneOf('off', 'on'),
    'off',
    `\`on\`: the Pods of CapacityBuffers tolerate \`${SURPLUS_TAINT.key}\` in their template, so Hangar may mark nodes that Karpenter scales for them. Without this toleration, Karpenter does not count free capacity on marked nodes and keeps adding nodes.`,
  ),
  marksPerTick: acting(
    'MARKS_PER_TICK',
    integer(1, 1_000),
    20,
    'Maximum number of nodes marked or unmarked per tick.',
  ),
  markPaceMs: acting('MARK_PACE', DURATION, 60_000, {
    description: 'A node that was unmarked is not marked again within this time.',
  }),
  lowerPaceMs: acting('LOWER_PACE', DURATION, 60_000, {
    description:
      'A pool is not scaled down within this time after it was last scaled; a NodePool waits for less by the share of builds that are announced a boot before they come. Scaling up never waits.',
  }),
  billingUnitMs: acting('BILLING_UNIT', atLeast(1_000, DURATION), 1_000, {
    description:
      'Nodes are billed by started units of this length, such as `1m` or `1h`. In units of more than 20 minutes an empty node of a NodePool is removed only in the last ten minutes of one, and is spare room until then.',
  }),
  leastNodeLifeMs: acting('NODE_LIFE', DURATION, 0, {
    description: 'A node of a NodePool is not removed before it is this old.',
  }),
  emptyForMs: acting('EMPTY_FOR', DURATION, 30_000, {
    description:
      'A node of a NodePool is removed when it has been empty for this time; sooner by the share of builds that are announced a boot before they come.',
  }),
  leaseName: leading('LEASE_NAME', TEXT, 'hangar-autoscaler', 'The Lease for leader election.'),
  leaseNamespace: leading('LEASE_NAMESPACE', TEXT, '', {
    description: 'Namespace of the Lease. Empty: the namespace of this Pod.',
    defaultText: '$POD_NAMESPACE',
  }),
  leaseTermMs: leading('LEASE_TERM', DURATION, 15_000, {
    description: 'Lease duration: after this time without a renewal another replica becomes the leader.',
  }),
  replica: leading('REPLICA', TEXT, '', {
    description: 'Identity of this process in the Lease, unique among replicas. Empty: the Pod’s name.',
    defaultText: '$POD_NAME or $HOSTNAME',
  }),
  floors: rails('FLOORS', FLOORS, [], {
    description:
      'Minimum number of nodes of a pool by calendar; the highest matching one applies, and it starts one boot time early.',
    note: 'Daylight saving time follows the zone.',
  }),
  prices: money(
    'PRICES',
    PRICES,
    {},
    {
      description: 'Price of a node-hour, by name of the shape or the pool.',
      note: 'Without prices, no costs and no cheapest mix are shown.',
    },
  ),
  currency: money('CURRENCY', TEXT, '', 'Currency appended to amounts, such as `EUR`; nothing is converted.'),
  maxSpendPerDay: money('MAX_SPEND_PER_DAY', maybe(DECIMAL), undefined, {
    description:
      'Spend limit for all priced pools together from midnight to midnight UTC, assigned in the order of HANGAR_AUTOSCALER_POOLS, then busy pools first.',
    note: 'Nodes with builds are never removed because of it. The remaining budget of the day must cover at least one hour at any time. It overrides floors.',
  }),
  listen: process(
    'LISTEN',
    TEXT,
    ':3001',
    'Address on which the HTTP server listens, as `host:port` or `:port`.',
  ),
  dataDir: process(
    'DATA_DIR',
    TEXT,
    '',
    'Directory for traces of finished Pods, which persist across restarts and can be used as input of `replay`. Empty: nothing is stored.',
  ),
  traceRetentionMs: process(
    'TRACE_RETENTION',
    atLeast(86_400_000, DURATION),
    60 * 86_400_000,
    'How long trace files are kept.',
  ),
  logLevel: process(
    'LOG_LEVEL',
    oneOf('debug', 'info', 'warn', 'error'),
    'info',
    'Log level; logs are written to standard error.',
  ),
} as const;

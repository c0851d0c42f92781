import { type About, setting } from '@hangar/shared/config';
import {
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
  type ValueKind,
} from '@hangar/shared/config-values';
import { RESOURCE_TEXT, SHAPES, SHARE } from './setting-kinds.ts';

type Told = Omit<About, 'section'>;

const group =
  (section: string) =>
  <T>(name: string, kind: ValueKind<T>, fallback: T, about: string | Told) =>
    setting(`HANGAR_AUTOSCALER_${name}`, kind, fallback, {
      section,
      ...(typeof about === 'string' ? { description: about } : about),
    });

const sources = group('sources');
const pools = group('pools');
const sizing = group('sizing');
const rails = group('rails');
const process = group('process');

/** Every setting of the service: the environment is read by it, and the documents are made of it. */
export const SETTINGS = {
  runners: sources('RUNNERS', LIST, [], {
    description: "Addresses of the runners' HTTP side, such as `http://runner-0:3000`.",
    legacyNames: ['HANGAR_RUNNERS'],
  }),
  runnerService: sources(
    'RUNNER_SERVICE',
    TEXT,
    '',
    'A Service whose endpoints are runners, as `namespace/name:port`.',
  ),
  scrapeDeadlineMs: sources('SCRAPE_DEADLINE', DURATION, 5_000, {
    description: 'A runner that has not answered by then is a gap.',
    defaultText: '5s',
  }),
  tickMs: sources('TICK', DURATION, 10_000, {
    description: 'How often everything is looked at and decided.',
    defaultText: '10s',
  }),
  staleAfterMs: sources('STALE_AFTER', DURATION, 180_000, {
    description:
      'News older than this are stale: the last good recommendation stands and is marked, and nothing is acted upon.',
    defaultText: '3m',
    note: 'A quiet watch is heard about once a minute.',
  }),
  kubernetes: sources(
    'KUBERNETES',
    oneOf('on', 'off'),
    'on',
    '`off`: no Pods and nodes are watched, the runners alone tell.',
  ),
  kubeconfig: sources('KUBECONFIG', TEXT, '', 'Path of a kubeconfig; empty: as the Pod that this is.'),
  podSelector: sources(
    'POD_SELECTOR',
    TEXT,
    'app.kubernetes.io/managed-by=hangar-runner',
    'Labels of the Pods that are builds; any CI that runs in Pods can be counted.',
  ),
  poolLabel: pools('POOL_LABEL', TEXT, 'node.kubernetes.io/instance-type', {
    description: 'Label of nodes whose value names their pool; nodes without it are the pool `default`.',
    legacyNames: ['HANGAR_POOL_LABEL'],
  }),
  poolTaint: pools(
    'POOL_TAINT',
    TEXT,
    '',
    'Key of the taint that keeps others off the nodes of builds; empty: there is none.',
  ),
  poolOrder: pools(
    'POOLS',
    LIST,
    [],
    'Pools in the order in which new work is given to them; others follow, busy ones first.',
  ),
  shapes: pools('SHAPES', SHAPES, [], 'Node shapes to size beside the two published ones.'),
  daemonSets: pools(
    'DAEMONSETS',
    RESOURCE_TEXT,
    { cpuMillicores: 300, memoryBytes: 370 * 2 ** 20 },
    {
      description: "What DaemonSets take of a node that is not there yet, or where they can't be watched.",
      defaultText: 'cpu=300m,memory=370Mi',
    },
  ),
  bootMs: pools('BOOT_TIME', DURATION, 180_000, {
    description: 'From the order of a node to its first build, until enough boots are seen.',
    defaultText: '3m',
  }),
  objectiveMs: sizing('OBJECTIVE', DURATION, 10_000, {
    description: 'The wait for room that 95 of 100 Pods stay under.',
    defaultText: '10s',
  }),
  z: sizing(
    'BUFFER_Z',
    DECIMAL,
    2,
    'The rule keeps room for `z·√(running + waiting) + floor` Pods; 3 on loads that jump.',
  ),
  floor: sizing('BUFFER_FLOOR', DECIMAL, 5, 'Pods for which there is room at the quietest hour: one push.'),
  quantile: sizing(
    'BUFFER_QUANTILE',
    SHARE,
    0.95,
    "The share of moments in which the forecast's buffer is enough.",
  ),
  forecast: sizing(
    'FORECAST',
    FLAG,
    true,
    'Use the forecast in the hours in which its back-test beats the rule.',
  ),
  seed: sizing('SEED', integer(0, 2 ** 31 - 1), 1, 'The same data and seed give the same answer.'),
  minNodes: rails('MIN_NODES', integer(0, 100_000), 0, 'Fewest nodes of a pool.'),
  maxNodes: rails('MAX_NODES', integer(0, 100_000), 1_000, 'Most nodes of a pool.'),
  stepUp: rails('STEP_UP', integer(1, 100_000), 100, 'Most nodes by which a pool grows at once.'),
  stepDown: rails('STEP_DOWN', integer(1, 100_000), 10, 'Most nodes by which a pool shrinks at once.'),
  coolDownMs: rails('COOL_DOWN', DURATION, 60_000, {
    description: "A pool doesn't shrink within this time after it grew.",
    defaultText: '1m',
  }),
  quotaCpu: rails('QUOTA_CPU', maybe(CPU), undefined, 'CPU that the nodes of a pool together may have.'),
  quotaMemory: rails(
    'QUOTA_MEMORY',
    maybe(BYTES),
    undefined,
    'Memory that the nodes of a pool together may have.',
  ),
  listen: process('LISTEN', TEXT, ':3001', 'Where the HTTP side listens, as `host:port` or `:port`.'),
  dataDir: process(
    'DATA_DIR',
    TEXT,
    '',
    'Folder for the trace of finished Pods: memory over restarts, and food of `replay`. Empty: nothing is remembered.',
  ),
  traceDays: process('TRACE_DAYS', integer(1, 3_660), 60, 'Days after which trace files are removed.'),
  logLevel: process(
    'LOG_LEVEL',
    oneOf('debug', 'info', 'warn', 'error'),
    'info',
    'What is written to standard error.',
  ),
} as const;

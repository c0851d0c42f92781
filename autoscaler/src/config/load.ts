import { type Environment, readSettings, type SettingValues } from '@hangar/shared/config';
import type { LogLevel } from '@hangar/shared/logger';
import type { NodeBilling } from '../capacity/node-billing.ts';
import type { PoolRules } from '../capacity/read-node.ts';
import type { NodeShape, Resources } from '../capacity/shape.ts';
import { parseRunnerService, parseRunnerUrl, type RunnerService } from '../capacity/targets.ts';
import type { PolicySettings } from '../decide/capacity-policy.ts';
import type { SpendLimit } from '../decide/spend.ts';
import { type ActingConfig, actingOf, actingProblems, actingWarnings } from './acting.ts';
import { MOST_NODES_UNSET, SETTINGS } from './settings.ts';

/** All settings in the form that the service uses. Times in milliseconds. */
export interface AutoscalerConfig extends PolicySettings {
  readonly runners: readonly string[];
  readonly runnerService: RunnerService | undefined;
  /** Sent to runners; undefined: none is. */
  readonly runnerToken: string | undefined;
  /** Undefined: the Drone server isn't queried. `tokenFile` empty: without a token. */
  readonly drone: { readonly url: string; readonly tokenFile: string } | undefined;
  readonly scrapeDeadlineMs: number;
  readonly staleAfterMs: number;
  /** Undefined: no cluster is watched. `kubeconfig` empty: the in-cluster configuration of this Pod. */
  readonly cluster:
    | {
        readonly kubeconfig: string;
        readonly podSelector: string;
        /** Empty: all. */
        readonly podNamespaces: readonly string[];
      }
    | undefined;
  readonly rules: PoolRules;
  readonly poolOrder: readonly string[];
  /** In addition to the published shapes. */
  readonly shapes: readonly NodeShape[];
  readonly daemonSets: Resources;
  readonly bootMs: number;
  readonly money: SpendLimit;
  readonly acting: ActingConfig;
  readonly seed: number;
  readonly listen: { readonly host: string; readonly port: number };
  /** Empty: none. */
  readonly calendarFile: string;
  readonly dataDir: string;
  readonly traceRetentionMs: number;
  readonly logLevel: LogLevel;
  /** Warnings that do not prevent the start. */
  readonly warnings: readonly string[];
}

/** All settings, or all problems. */
export type Loaded = { readonly ok: AutoscalerConfig } | { readonly problems: readonly string[] };

/** The settings that a replay of the service needs: how pools are sized, and how fast orders are executed. */
export interface ReplayedSettings extends PolicySettings {
  readonly bootMs: number;
  readonly emptyForMs: number;
  readonly lowerPaceMs: number;
  readonly billing: NodeBilling;
  /** Empty: none. */
  readonly calendarFile: string;
}

/** The same settings as in {@link loadConfig}, for a replay: sources, leases and the HTTP server are ignored. */
export function loadReplayedSettings(
  env: Environment,
): { readonly ok: ReplayedSettings } | { readonly problems: readonly string[] } {
  const { values, problems } = readSettings(SETTINGS, withoutServiceLinks(env));
  const wrong = [...problems, ...sizingChecks(values).flatMap(([isWrong, text]) => (isWrong ? [text] : []))];
  if (wrong.length > 0) return { problems: [...wrong, ...misspelt(env)] };
  const { emptyForMs, lowerPaceMs, billingUnitMs: unitMs, leastNodeLifeMs: leastLifeMs } = values;
  return { ok: { ...assemble(values), emptyForMs, lowerPaceMs, billing: { unitMs, leastLifeMs } } };
}

type Read = SettingValues<typeof SETTINGS>;

/** Shorter ticks only waste CPU. */
const LEAST_TICK_MS = 100;

/** Reads the whole configuration once. @returns a configuration, or every problem, each naming variable, mistake and remedy */
export function loadConfig(env: Environment): Loaded {
  const { values, problems } = readSettings(SETTINGS, withoutServiceLinks(env));
  const all = [...problems, ...crossChecks(values), ...actingProblems(values, env)];
  const listen = readListen(values.listen);
  // A misspelled name may be the reason for a missing value.
  if (all.length > 0 || listen === undefined) return { problems: [...all, ...misspelt(env)] };
  return {
    ok: Object.freeze({
      ...assemble(values),
      acting: actingOf(values, env),
      listen,
      warnings: [...misspelt(env), ...actingWarnings(values)],
    }),
  };
}

function assemble(values: Read): Omit<AutoscalerConfig, 'acting' | 'listen' | 'warnings'> {
  const { kubeconfig, podSelector, podNamespaces, poolLabel, poolTaint } = values;
  return {
    runners: values.runners.flatMap((text) => parseRunnerUrl(text) ?? []),
    runnerService: parseRunnerService(values.runnerService),
    runnerToken: values.runnerToken,
    drone: droneOf(values),
    scrapeDeadlineMs: values.scrapeDeadlineMs,
    tickMs: values.tickMs,
    staleAfterMs: values.staleAfterMs,
    cluster: values.kubernetes === 'on' ? { kubeconfig, podSelector, podNamespaces } : undefined,
    rules: { label: poolLabel, taint: poolTaint },
    poolOrder: values.poolOrder,
    shapes: values.shapes,
    daemonSets: values.daemonSets,
    bootMs: values.bootMs,
    objectiveMs: values.objectiveMs,
    buffer: {
      ...{ z: values.z, floor: values.floor, quantile: values.quantile, forecast: values.forecast },
      waitPrices: values.waitPrices,
      waitBoundSeconds: values.waitBoundMs === undefined ? undefined : values.waitBoundMs / 1000,
    },
    rails: {
      minNodes: values.minNodes,
      maxNodes: values.maxNodes ?? MOST_NODES_UNSET,
      stepUp: values.stepUp,
      stepDown: values.stepDown,
      coolDownMs: values.coolDownMs,
      quota: {
        cpuMillicores: values.quotaCpu ?? Infinity,
        memoryBytes: values.quotaMemory ?? Infinity,
      },
    },
    floors: values.floors,
    money: { prices: values.prices, currency: values.currency, maxPerDay: values.maxSpendPerDay },
    seed: values.seed,
    calendarFile: values.calendarFile,
    dataDir: values.dataDir,
    traceRetentionMs: values.traceRetentionMs,
    logLevel: values.logLevel,
  };
}

function droneOf({ droneMetrics, droneTokenFile }: Read): AutoscalerConfig['drone'] {
  const url = parseRunnerUrl(droneMetrics);
  return url === undefined ? undefined : { url, tokenFile: droneTokenFile };
}

/** `host:port`, `:port`, `[::1]:port`, or a bare port. */
function readListen(text: string): AutoscalerConfig['listen'] | undefined {
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]*)\]|([^:]*)):)?(\d{1,5})$/.exec(text.trim()) ?? [];
  const port = Number(digits);
  return digits === undefined || port > 65_535 ? undefined : { host: bracketed ?? plain ?? '', port };
}

/** What was given, without the user and the password of an address. */
const given = (text: string): string =>
  `(given: ${JSON.stringify(text.slice(0, 200).replace(/\/\/[^/\s]*@/g, '//…@'))})`;

/** Whether there is a problem, and its text. */
type Check = readonly [boolean, string];

const droneChecks = ({ droneMetrics, droneTokenFile }: Read): readonly Check[] => [
  [
    droneMetrics !== '' && parseRunnerUrl(droneMetrics) === undefined,
    `HANGAR_AUTOSCALER_DRONE_METRICS is not an address ${given(droneMetrics)}. Write https://drone.acme.test/metrics, without user, query and fragment`,
  ],
  [
    droneMetrics === '' && droneTokenFile !== '',
    'HANGAR_AUTOSCALER_DRONE_METRICS_TOKEN_FILE has no effect alone. Set HANGAR_AUTOSCALER_DRONE_METRICS=https://drone.acme.test/metrics',
  ],
];

/** A key of a label or a taint in Kubernetes' format. */
const KEY = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;

/** With a value or an effect appended, the key would never match a node, and there would be no error. */
const keyChecks = ({ poolLabel, poolTaint }: Read): readonly Check[] => [
  [
    !KEY.test(poolLabel),
    `HANGAR_AUTOSCALER_POOL_LABEL is not a label key ${given(poolLabel)}. Write the key alone, such as karpenter.sh/nodepool`,
  ],
  [
    poolTaint !== '' && !KEY.test(poolTaint),
    `HANGAR_AUTOSCALER_POOL_TAINT is not a taint key ${given(poolTaint)}. Write the key alone, such as dedicated, without value and effect`,
  ],
];

const sizingChecks = ({
  minNodes,
  maxNodes = MOST_NODES_UNSET,
  tickMs,
  waitBoundMs,
  waitPrices,
  forecast,
}: Read): readonly Check[] => [
  [
    minNodes > maxNodes,
    `HANGAR_AUTOSCALER_MIN_NODES (${minNodes}) is more than HANGAR_AUTOSCALER_MAX_NODES (${maxNodes}). Lower the one or raise the other`,
  ],
  [
    tickMs < LEAST_TICK_MS,
    `HANGAR_AUTOSCALER_TICK is too short. Write ${LEAST_TICK_MS}ms or more, such as 10s`,
  ],
  [
    waitBoundMs !== undefined && (waitPrices === undefined || !forecast),
    'HANGAR_AUTOSCALER_WAIT_BOUND needs a forecast and a price of waiting. Remove HANGAR_AUTOSCALER_FORECAST=false and HANGAR_AUTOSCALER_WAIT_PRICE=off; with HANGAR_AUTOSCALER_WAIT_PRICE=0 the bound alone decides',
  ],
];

/** The name of a namespace, or its beginning and a star. */
const NAMESPACE_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$|^[a-z0-9][a-z0-9-]{0,61}\*$/;

/** Where Pods, stages and waits come from. */
const sourceChecks = ({ runners, runnerService, kubernetes, waitBoundMs }: Read): readonly Check[] => [
  [
    runnerService !== '' && parseRunnerService(runnerService) === undefined,
    `HANGAR_AUTOSCALER_RUNNER_SERVICE is not a Service ${given(runnerService)}. Write namespace/name:port`,
  ],
  [
    runnerService !== '' && kubernetes === 'off',
    'HANGAR_AUTOSCALER_RUNNER_SERVICE needs the cluster. Set HANGAR_AUTOSCALER_KUBERNETES=on, or list the runners in HANGAR_AUTOSCALER_RUNNERS',
  ],
  [
    kubernetes === 'off' && runners.length === 0,
    'there is no data source. Set HANGAR_AUTOSCALER_RUNNERS=http://runner:3000, or HANGAR_AUTOSCALER_KUBERNETES=on',
  ],
  [
    waitBoundMs !== undefined && kubernetes === 'off',
    'HANGAR_AUTOSCALER_WAIT_BOUND needs the cluster, which has the waits. Set HANGAR_AUTOSCALER_KUBERNETES=on',
  ],
];

/** Checks that need several values. */
function crossChecks(values: Read): readonly string[] {
  const { runners, tickMs, staleAfterMs, listen } = values;
  const { maxSpendPerDay } = values;
  const checks: readonly Check[] = [
    [
      readListen(listen) === undefined,
      `HANGAR_AUTOSCALER_LISTEN is not a listen address ${given(listen)}. Write :3001 or 127.0.0.1:3001`,
    ],
    ...sourceChecks(values),
    ...droneChecks(values),
    ...keyChecks(values),
    ...sizingChecks(values),
    [
      staleAfterMs < tickMs * 2,
      'HANGAR_AUTOSCALER_STALE_AFTER is shorter than two ticks: everything would be stale. Write three ticks or more, such as 3m',
    ],
    [
      maxSpendPerDay !== undefined && Object.keys(values.prices).length === 0,
      'HANGAR_AUTOSCALER_MAX_SPEND_PER_DAY has no effect without prices. Set HANGAR_AUTOSCALER_PRICES, such as builds=0.19',
    ],
    ...values.podNamespaces.map(
      (text): Check => [
        !NAMESPACE_PATTERN.test(text),
        `HANGAR_AUTOSCALER_POD_NAMESPACES has no namespace ${given(text)}. Write a name such as ci-jobs, or a prefix such as drone-*`,
      ],
    ),
    ...runners.map(
      (text) =>
        [
          parseRunnerUrl(text) === undefined,
          `HANGAR_AUTOSCALER_RUNNERS has no valid address ${given(text)}. Write http://host:port, without user, query and fragment`,
        ] as const,
    ),
  ];
  return checks.flatMap(([wrong, problem]) => (wrong ? [problem] : []));
}

/** Kubernetes injects `HANGAR_AUTOSCALER_PORT=tcp://…` for a Service called `hangar-autoscaler`: not a setting. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT\w*|PORT|PORT_\d+_\w+)$/;

const withoutServiceLinks = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !SERVICE_LINK.test(name)));

/** Unknown names are probably typing errors. */
function misspelt(env: Environment): readonly string[] {
  const known = new Set<string>(Object.values(SETTINGS).map(({ name }) => name));
  return Object.keys(env)
    .filter((name) => name.startsWith('HANGAR_AUTOSCALER_') && !known.has(name) && !SERVICE_LINK.test(name))
    .map((name) => `${name} is not a setting of the autoscaler`);
}

import { setImmediate } from 'node:timers/promises';
import { MIB } from '@hangar/autoscaler/capacity/shape';
import { loadReplayedSettings, type ReplayedSettings } from '@hangar/autoscaler/config';
import { replay } from '@hangar/autoscaler/replay/replay';
import { JOBS_PER_1000_PRS, type ReplayResult } from '@hangar/autoscaler/replay/result';
import { type PodPlacement, type PolicyRequest, readPolicies } from '@hangar/autoscaler/replay-policies';
import { SETTINGS } from '@hangar/autoscaler/settings';
import { FIRST_MONDAY, generateLoad, type LoadName } from '@hangar/autoscaler/trace/generate';
import { alignedLines, benchMarkdownTable, type Cells } from '../table.ts';

/** What is demanded of a policy on a load (issue 4, must-hold 4; with names issue 14, must-hold 2); figures for 1000 PRs, waits in seconds. */
export interface PolicyTargets {
  readonly nodeHours?: number;
  readonly p95Seconds?: number;
  readonly p99Seconds?: number;
  readonly boots?: number;
}

/** What is played, and how builds are placed. */
interface ScenarioSetup {
  readonly load: LoadName;
  /** Share of pushes that are known 180 s before they arrive. */
  readonly knownShare: number;
  /** Builds have repositories and pipelines. */
  readonly named: boolean;
  readonly placement: PodPlacement;
}

/** Policies that are played on one load, all placed alike. */
export interface Scenario extends ScenarioSetup {
  readonly policies: readonly string[];
  /** By policy. */
  readonly demanded: Readonly<Record<string, PolicyTargets>>;
}

/** One policy on one load with one seed; node-hours and boots for 1000 PRs (15,000 jobs). */
export interface SeedRun {
  readonly seed: number;
  readonly nodeHours: number;
  readonly boots: number;
  readonly result: ReplayResult;
}

/** One policy on one load with all seeds. */
export interface PolicyRuns extends ScenarioSetup {
  readonly policy: string;
  readonly demanded: PolicyTargets;
  readonly played: readonly SeedRun[];
}

/** The pool of scheduling-and-scaling §5. */
const NODE = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };
/** As the service assumes until it has seen boots, and as it aims. */
const BOOT_SECONDS = SETTINGS.bootMs.fallback / 1000;
const KNOWN_SECONDS = 180;
const TRAIN_SECONDS = 14 * 86_400;

const ALL = [
  'static:172',
  'cluster-autoscaler',
  'karpenter',
  'karpenter-buffer',
  'sqrt',
  'forecast',
  'clairvoyant',
] as const;

/** By load, where surplus nodes are marked as Hangar marks them; then by policy. */
const DEMANDED: Readonly<Record<LoadName, Scenario['demanded']>> = {
  'table-like': {
    forecast: { nodeHours: 1080, p95Seconds: 5, p99Seconds: 60, boots: 1000 },
    'karpenter-buffer': { nodeHours: 1160, p95Seconds: 10 },
  },
  harder: { forecast: { nodeHours: 1140, p95Seconds: 10, boots: 1000 } },
};

const compareAll = (load: LoadName, placement: PodPlacement): Scenario => ({
  ...{ load, placement, knownShare: 0, named: false, policies: ALL },
  demanded: placement === 'soft-taint' ? DEMANDED[load] : {},
});

const known = (knownShare: number, demanded: Scenario['demanded']): Scenario => ({
  ...{ load: 'table-like', placement: 'soft-taint', knownShare, named: false },
  ...{ policies: ['forecast', 'look-ahead'], demanded },
});

/** Builds of a hundred repositories with five pipelines each, whose run times can be learned. */
const withNames = (load: LoadName, knownShare: number, demanded: Scenario['demanded']): Scenario => ({
  ...{ load, placement: 'soft-taint', knownShare, named: true },
  ...{ policies: ['forecast', 'clairvoyant'], demanded },
});

/** Everything that is compared: all policies under each placement, then what is known ahead. */
export const SCENARIOS: readonly Scenario[] = [
  ...(['soft-taint', 'least', 'most'] as const).flatMap((placement) => [
    compareAll('table-like', placement),
    compareAll('harder', placement),
  ]),
  known(1, { forecast: { nodeHours: 1020, p95Seconds: 1 } }),
  known(0.3, {}),
  withNames('table-like', 0, { forecast: { nodeHours: 1060, p95Seconds: 5 } }),
  withNames('harder', 0, { forecast: { nodeHours: 1120, p95Seconds: 10 } }),
  withNames('table-like', 1, { forecast: { nodeHours: 990, p95Seconds: 1 } }),
];

/** The settings of a service without any variable. */
function shippedSettings(): ReplayedSettings {
  const loaded = loadReplayedSettings({});
  if ('problems' in loaded) throw new Error(loaded.problems.join('; '));
  return loaded.ok;
}

/** Replays one scenario, policy after policy. Stops between two replays when the signal is aborted. */
export async function playScenario(
  scenario: Scenario,
  seeds: readonly number[],
  tell: { readonly say: (text: string) => void; readonly stop: AbortSignal },
): Promise<readonly PolicyRuns[]> {
  const { load, knownShare, named, placement } = scenario;
  const orders = readPolicies({
    names: scenario.policies,
    placement,
    bootSeconds: BOOT_SECONDS,
    settings: shippedSettings(),
  });
  const compared: PolicyRuns[] = [];
  for (const order of orders) {
    tell.say(
      `bench: ${load}, ${placement}, ${Math.round(knownShare * 100)} % known${named ? ', named' : ''}: ${order.name}`,
    );
    const played: SeedRun[] = [];
    for (const seed of seeds) {
      await setImmediate();
      tell.stop.throwIfAborted();
      played.push(playOne(order, scenario, seed));
    }
    const demanded = scenario.demanded[order.name] ?? {};
    compared.push({ load, knownShare, named, placement, policy: order.name, demanded, played });
  }
  return compared;
}

function playOne(order: PolicyRequest, { load, knownShare, named }: Scenario, seed: number): SeedRun {
  const knownSeconds = knownShare === 0 ? 0 : KNOWN_SECONDS;
  const jobs = generateLoad({ load, seed, named, knownShare, knownSeconds });
  const result = replay({
    jobs,
    node: NODE,
    bootSeconds: BOOT_SECONDS,
    policy: order.build(jobs),
    strategy: order.strategy,
    seed,
    countFrom: FIRST_MONDAY + TRAIN_SECONDS,
  });
  const per1000Prs = JOBS_PER_1000_PRS / Math.max(1, result.jobs);
  const placed: ReplayResult = { ...result, placement: order.placement };
  return { seed, nodeHours: result.nodeHours * per1000Prs, boots: result.boots * per1000Prs, result: placed };
}

/** The possible targets, in the order in which they are reported. */
const WORDS: Readonly<Record<keyof PolicyTargets, (most: number) => string>> = {
  nodeHours: (most) => `≤ ${most} node-hours`,
  p95Seconds: (most) => `p95 ≤ ${most} s`,
  p99Seconds: (most) => `p99 ≤ ${most} s`,
  boots: (most) => `≤ ${most} boots`,
};
const KEYS = Object.keys(WORDS) as (keyof PolicyTargets)[];

const figuresOf = ({ nodeHours, boots, result }: SeedRun): Required<PolicyTargets> => ({
  nodeHours,
  p95Seconds: result.waitSeconds.p95,
  p99Seconds: result.waitSeconds.p99,
  boots,
});

/** Whether every seed holds what is demanded; `none`: nothing is. */
export function verdictOf({ demanded, played }: PolicyRuns): 'met' | 'missed' | 'none' {
  if (KEYS.every((key) => demanded[key] === undefined)) return 'none';
  const holds = (one: SeedRun): boolean =>
    KEYS.every((key) => figuresOf(one)[key] <= (demanded[key] ?? Infinity));
  return played.every(holds) ? 'met' : 'missed';
}

const HEAD = [
  'policy',
  'node-hours',
  'p95 s',
  'p99 s',
  'boots',
  'cold',
  'peak nodes',
  'demanded of each seed',
  'reached',
];

/** `1058 to 1065`, or one figure where all are the same. */
function range(values: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return least === most ? `${least}` : `${least} to ${most}`;
}

function cells(compared: PolicyRuns): readonly string[] {
  const { policy, played, demanded } = compared;
  const of = (value: (one: SeedRun) => number, digits = 0): string => range(played.map(value), digits);
  const verdict = verdictOf(compared);
  return [
    policy,
    of(({ nodeHours }) => nodeHours),
    of(({ result }) => result.waitSeconds.p95, 1),
    of(({ result }) => result.waitSeconds.p99),
    of(({ boots }) => boots),
    of(({ result }) => (result.coldStarts * 100) / Math.max(1, result.jobs), 1),
    of(({ result }) => result.peakNodes),
    KEYS.flatMap((key) => (demanded[key] === undefined ? [] : [WORDS[key](demanded[key])])).join(', '),
    verdict === 'none' ? '' : verdict,
  ];
}

const titleOf = ({ load, placement, named, knownShare }: PolicyRuns): string =>
  `${load}, placement ${placement}${named ? ', builds with names' : ''}${knownShare > 0 ? `, ${Math.round(knownShare * 100)} % known 180 s before` : ''}`;

/** A table for each load under each placement, in their order. */
const tables = (all: readonly PolicyRuns[], written: (title: string, table: Cells) => string): string =>
  [...Map.groupBy(all, titleOf)]
    .map(([title, rows]) => written(title, [HEAD, ...rows.map(cells)]))
    .join('\n\n');

/** For a terminal. */
export const comparisonText = (all: readonly PolicyRuns[]): string =>
  tables(all, (title, table) => [title, ...alignedLines(table, 'left')].join('\n'));

/** For a Markdown page. */
export const comparisonMarkdown = (all: readonly PolicyRuns[]): string =>
  tables(all, (title, table) => `### ${title}\n\n${benchMarkdownTable(table)}`);

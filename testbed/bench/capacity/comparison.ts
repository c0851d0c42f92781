import { setImmediate } from 'node:timers/promises';
import { MIB } from '@hangar/autoscaler/capacity/shape';
import { replay } from '@hangar/autoscaler/replay/replay';
import { JOBS_PER_1000_PRS, type ReplayResult } from '@hangar/autoscaler/replay/result';
import { type Placement, type PolicyOrder, readPolicies } from '@hangar/autoscaler/replay-policies';
import { FIRST_MONDAY, generateLoad, type LoadName } from '@hangar/autoscaler/trace/generate';

/** What is demanded of a policy on a load (issue 4, must-hold 4); figures for 1000 PRs, waits in seconds. */
export interface Demanded {
  readonly nodeHours?: number;
  readonly p95Seconds?: number;
  readonly p99Seconds?: number;
  readonly boots?: number;
}

/** Policies that are played on one load, all placed alike. */
export interface ActView {
  readonly load: LoadName;
  /** Share of pushes that are known 180 s before they come. */
  readonly knownShare: number;
  readonly placement: Placement;
  readonly policies: readonly string[];
  /** By policy. */
  readonly demanded: Readonly<Record<string, Demanded>>;
}

/** One policy on one load with one seed; node-hours and boots for 1000 PRs (15,000 jobs). */
export interface Played {
  readonly seed: number;
  readonly nodeHours: number;
  readonly boots: number;
  readonly result: ReplayResult;
}

/** One policy on one load with all seeds. */
export interface Compared {
  readonly load: LoadName;
  readonly knownShare: number;
  readonly placement: Placement;
  readonly policy: string;
  readonly demanded: Demanded;
  readonly played: readonly Played[];
}

/** The pool of scheduling-and-scaling §5. */
const NODE = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };
const BOOT_SECONDS = 180;
const KNOWN_SECONDS = 180;
const OBJECTIVE_P95_SECONDS = 10;
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

const KARPENTER_BUFFER = { nodeHours: 1160, p95Seconds: 10 } as const;

/** Everything that is compared: all policies under each placement, then what is known ahead. */
export const SCENES: readonly ActView[] = [
  {
    load: 'table-like',
    knownShare: 0,
    placement: 'soft-taint',
    policies: ALL,
    demanded: {
      forecast: { nodeHours: 1080, p95Seconds: 5, p99Seconds: 60, boots: 1000 },
      'karpenter-buffer': KARPENTER_BUFFER,
    },
  },
  {
    load: 'harder',
    knownShare: 0,
    placement: 'soft-taint',
    policies: ALL,
    demanded: { forecast: { nodeHours: 1140, p95Seconds: 10, boots: 1000 } },
  },
  { load: 'table-like', knownShare: 0, placement: 'least', policies: ALL, demanded: {} },
  { load: 'harder', knownShare: 0, placement: 'least', policies: ALL, demanded: {} },
  { load: 'table-like', knownShare: 0, placement: 'most', policies: ALL, demanded: {} },
  { load: 'harder', knownShare: 0, placement: 'most', policies: ALL, demanded: {} },
  {
    load: 'table-like',
    knownShare: 1,
    placement: 'soft-taint',
    policies: ['forecast', 'look-ahead'],
    demanded: { forecast: { nodeHours: 1020, p95Seconds: 1 } },
  },
  {
    load: 'table-like',
    knownShare: 0.3,
    placement: 'soft-taint',
    policies: ['forecast', 'look-ahead'],
    demanded: {},
  },
];

/** Plays one scene, policy after policy; others run in between. Stops between two replays when told. */
export async function playActView(
  actView: ActView,
  seeds: readonly number[],
  tell: { readonly say: (text: string) => void; readonly stop: AbortSignal },
): Promise<readonly Compared[]> {
  const { load, knownShare, placement } = actView;
  const orders = readPolicies({
    names: actView.policies,
    placement,
    bootSeconds: BOOT_SECONDS,
    objectiveP95Seconds: OBJECTIVE_P95_SECONDS,
  });
  const compared: Compared[] = [];
  for (const order of orders) {
    tell.say(`bench: ${load}, ${placement}, ${Math.round(knownShare * 100)} % known: ${order.name}`);
    const played: Played[] = [];
    for (const seed of seeds) {
      await setImmediate();
      tell.stop.throwIfAborted();
      played.push(playOne(order, actView, seed));
    }
    const demanded = actView.demanded[order.name] ?? {};
    compared.push({ load, knownShare, placement, policy: order.name, demanded, played });
  }
  return compared;
}

function playOne(order: PolicyOrder, { load, knownShare }: ActView, seed: number): Played {
  const knownSeconds = knownShare === 0 ? 0 : KNOWN_SECONDS;
  const jobs = generateLoad({ load, seed, knownShare, knownSeconds });
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

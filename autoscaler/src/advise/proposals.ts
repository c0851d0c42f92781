import { NODE_POOL_LABEL } from '../capacity/node-labels.ts';
import type { Pool } from '../capacity/pools.ts';
import type { ClusterAutoscalerFact, EngineFacts, EngineSettings, NodePoolFact } from './engines.ts';
import { secondsOf } from './read-engines.ts';

/** A change to an engine's settings that may be worth it. */
export interface Proposal {
  readonly engine: EngineSettings['engine'];
  readonly pool: Pool;
  readonly setting: string;
  readonly now: string;
  readonly better: string;
  /** What to compare; undefined: hours and waits are not what it changes. */
  readonly replay?: { readonly now: EngineSettings; readonly better: EngineSettings };
  /** What it brings where nothing is compared. */
  readonly brings: string;
  readonly because: string;
}

type Bare = Omit<Proposal, 'engine' | 'pool'>;

/** Empty nodes that stand longer than this are paid for nothing (scheduling-and-scaling §5.2). */
const UNNEEDED_SECONDS = 60;
const SCAN_SECONDS = 10;
/** Defaults of its flags (scheduling-and-scaling §1.1). */
const DEFAULTS: Readonly<Record<string, string>> = {
  'scale-down-unneeded-time': '10m',
  'scale-down-delay-after-add': '10m',
  'new-pod-scale-up-delay': '0s',
  'scan-interval': '10s',
  'skip-nodes-with-local-storage': 'true',
  'scale-down-enabled': 'true',
};

const EMPTY_ONLY =
  'builds have no controller and use emptyDir, so Cluster Autoscaler removes empty nodes only: for this time they are paid for and idle';

const NODES_GO = 'unneeded nodes are removed at all';

class Flags {
  readonly #flags: ClusterAutoscalerFact['flags'];

  constructor({ flags }: ClusterAutoscalerFact) {
    this.#flags = flags;
  }

  text(name: string): string {
    return (Object.hasOwn(this.#flags, name) ? this.#flags[name] : undefined) ?? DEFAULTS[name] ?? '';
  }

  seconds(name: string): number {
    return secondsOf(this.text(name)) ?? secondsOf(DEFAULTS[name] ?? '') ?? 0;
  }
}

/** Whether a change applies, and the change. */
type Case = readonly [boolean, Bare];

const those = (cases: readonly Case[]): readonly Bare[] =>
  cases.flatMap(([applies, one]) => (applies ? one : []));

const flagOf =
  (flags: Flags) =>
  (name: string, better: string, rest: Omit<Bare, 'setting' | 'now' | 'better'>): Bare => ({
    setting: `--${name}`,
    now: flags.text(name),
    better,
    ...rest,
  });

/** What lets empty nodes stand. */
function idleCases(flags: Flags): readonly Case[] {
  const flag = flagOf(flags);
  const now: Extract<EngineSettings, { engine: 'cluster-autoscaler' }> = {
    engine: 'cluster-autoscaler',
    scanSeconds: Math.max(1, flags.seconds('scan-interval')),
    unneededSeconds: flags.seconds('scale-down-unneeded-time'),
    delayAfterAddSeconds: flags.seconds('scale-down-delay-after-add'),
  };
  const sooner = { ...now, unneededSeconds: Math.min(now.unneededSeconds, UNNEEDED_SECONDS) };
  return [
    [
      flags.text('scale-down-enabled') === 'false',
      flag('scale-down-enabled', 'true', {
        brings: NODES_GO,
        because: 'nodes are never removed',
      }),
    ],
    [
      now.unneededSeconds > UNNEEDED_SECONDS,
      flag('scale-down-unneeded-time', `${UNNEEDED_SECONDS}s`, {
        replay: { now, better: sooner },
        brings: 'fewer idle nodes',
        because: EMPTY_ONLY,
      }),
    ],
    [
      now.delayAfterAddSeconds > UNNEEDED_SECONDS,
      flag('scale-down-delay-after-add', `${UNNEEDED_SECONDS}s`, {
        replay: { now: sooner, better: { ...sooner, delayAfterAddSeconds: UNNEEDED_SECONDS } },
        brings: 'fewer idle nodes',
        because: 'each added node delays the removal of all others; in a busy hour none is removed',
      }),
    ],
  ];
}

/** What makes builds wait, or evicts them. */
function buildCases(flags: Flags): readonly Case[] {
  const flag = flagOf(flags);
  const scanSeconds = flags.seconds('scan-interval');
  return [
    [
      flags.seconds('new-pod-scale-up-delay') > 0,
      flag('new-pod-scale-up-delay', '0s', {
        brings: `builds that need a node wait ${flags.text('new-pod-scale-up-delay')} less`,
        because: 'a new Pod is ignored for this time',
      }),
    ],
    [
      scanSeconds > SCAN_SECONDS,
      flag('scan-interval', `${SCAN_SECONDS}s`, {
        brings: `builds that need a node wait ${Math.round((scanSeconds - SCAN_SECONDS) / 2)} s less on average`,
        because: 'a Pod that needs a node is detected only at the next scan',
      }),
    ],
    [
      flags.text('skip-nodes-with-local-storage') === 'false',
      flag('skip-nodes-with-local-storage', 'true', {
        brings: 'other builds are no longer evicted',
        because:
          'nodes with builds may be drained. Builds of Hangar have safe-to-evict=false and are not evicted; other builds are',
      }),
    ],
  ];
}

function clusterAutoscalerProposals(fact: ClusterAutoscalerFact): readonly Bare[] {
  const flags = new Flags(fact);
  return those([...idleCases(flags), ...buildCases(flags)]);
}

/** When an empty node goes: after a time, or never. */
function consolidateAfterCase(seconds: number | undefined): Case {
  const never = seconds === undefined;
  const now = { engine: 'karpenter', consolidateAfterSeconds: seconds ?? 0 } as const;
  return [
    never || seconds >= UNNEEDED_SECONDS,
    {
      setting: 'spec.disruption.consolidateAfter',
      now: never ? 'Never' : `${seconds}s`,
      better: '0s',
      ...(never ? {} : { replay: { now, better: { ...now, consolidateAfterSeconds: 0 } } }),
      brings: NODES_GO,
      because: never
        ? 'empty nodes stay until they expire'
        : 'empty nodes stay idle and paid for this long, each time a build arrives',
    },
  ];
}

function karpenterProposals(fact: NodePoolFact): readonly Bare[] {
  const { consolidationPolicy, consolidateAfterSeconds } = fact;
  if (fact.isStatic) return [];
  return those([
    [
      consolidationPolicy !== 'WhenEmpty',
      {
        setting: 'spec.disruption.consolidationPolicy',
        now: consolidationPolicy,
        better: 'WhenEmpty',
        brings: 'builds without karpenter.sh/do-not-disrupt are no longer evicted to save a node',
        because:
          'nodes that are not empty may be consolidated. Builds of Hangar have do-not-disrupt and are not evicted; other builds are evicted and restarted',
      },
    ],
    consolidateAfterCase(consolidateAfterSeconds),
    [
      fact.isFrozen,
      {
        setting: 'spec.disruption.budgets',
        now: 'nodes: 0',
        better: 'nodes: 10%',
        brings: NODES_GO,
        because: 'a budget of no nodes keeps empty ones too',
      },
    ],
  ]);
}

/** Label by which Karpenter's nodes name their NodePool. */
const GKE_LABEL = 'cloud.google.com/gke-nodepool';

/** GKE runs Cluster Autoscaler out of sight: its flags can't be seen or set, but for one profile. */
const GKE_PROFILE: Bare = {
  setting: 'autoscaling profile',
  now: 'not visible from inside the cluster',
  better: 'optimize-utilization',
  brings: 'fewer idle nodes, if the profile is still "balanced"',
  because:
    'if GKE scales this pool with its default profile, empty nodes are kept for about ten minutes, and the scheduler spreads builds; the profile optimize-utilization does neither',
};

/**
 * The engine that scales a pool, as far as can be seen: Karpenter's nodes carry its label; Cluster Autoscaler is known by its Pod, or
 * by GKE's label, where it runs out of sight.
 *
 * @returns undefined: none is seen
 */
function engineOf(pool: Pool, { clusterAutoscaler }: EngineFacts): Proposal['engine'] | undefined {
  const labels = pool.spec.traits?.labels ?? {};
  if (labels[NODE_POOL_LABEL] !== undefined || pool.owner === 'karpenter') return 'karpenter';
  const isSeen = clusterAutoscaler !== undefined || labels[GKE_LABEL] !== undefined;
  return isSeen && pool.owner === 'unknown' ? 'cluster-autoscaler' : undefined;
}

/** Labels of node pools that a cloud manages, and the cloud. */
const CLOUD_LABELS: Readonly<Record<string, string>> = {
  [GKE_LABEL]: 'gke',
  'eks.amazonaws.com/nodegroup': 'eks',
};

/** Who scales a pool: an engine that is seen, else the cloud whose node pool it is, else what its nodes' labels name. */
export function poolScaler(pool: Pool, surroundings: EngineFacts): string {
  const engine = engineOf(pool, surroundings);
  const isSeen = engine === 'karpenter' || surroundings.clusterAutoscaler !== undefined;
  if (engine !== undefined && isSeen) return engine;
  const labels = pool.spec.traits?.labels ?? {};
  const [cloud] = Object.entries(CLOUD_LABELS).filter(([label]) => labels[label] !== undefined);
  return cloud?.[1] ?? pool.owner;
}

function bareOf(
  engine: Proposal['engine'],
  pool: Pool,
  { nodePools = [], clusterAutoscaler }: EngineFacts,
): readonly Bare[] {
  // Nodes of several NodePools in one pool share no label: whose settings count can't be said.
  const own = pool.spec.traits?.labels?.[NODE_POOL_LABEL];
  if (engine === 'karpenter') return nodePools.filter(({ name }) => name === own).flatMap(karpenterProposals);
  return clusterAutoscaler === undefined ? [GKE_PROFILE] : clusterAutoscalerProposals(clusterAutoscaler);
}

/** What to change on the engine of each pool. Pools whose engine isn't seen have no proposals. Pure. */
export function proposalsOf(pools: readonly Pool[], surroundings: EngineFacts): readonly Proposal[] {
  return pools.flatMap((pool): readonly Proposal[] => {
    const engine = engineOf(pool, surroundings);
    if (engine === undefined) return [];
    return bareOf(engine, pool, surroundings).map((one) => ({ ...one, engine, pool }));
  });
}

import type { Job } from '@hangar/autoscaler/capacity/job';
import { MIB } from '@hangar/autoscaler/capacity/shape';
import { CapacityPolicy } from '@hangar/autoscaler/capacity-policy';
import { loadReplayedSettings } from '@hangar/autoscaler/config';
import type { BufferRule } from '@hangar/autoscaler/forecast/buffer-rule';
import { clusterAutoscalerPolicy } from '@hangar/autoscaler/replay/policies/cluster-autoscaler';
import { karpenterBufferPolicy, karpenterPolicy } from '@hangar/autoscaler/replay/policies/karpenter';
import { clairvoyantRule, squareRootRule } from '@hangar/autoscaler/replay/policies/rules';
import { ruledPolicy, type ServiceOptions } from '@hangar/autoscaler/replay/policies/service';
import { softlyPlaced } from '@hangar/autoscaler/replay/policies/soft-taints';
import { staticPolicy } from '@hangar/autoscaler/replay/policies/static';
import type { ScalingPolicy } from '@hangar/autoscaler/replay/policy';
import { SETTINGS } from '@hangar/autoscaler/settings';
import { quantileRule } from './quantile-rule.ts';
import { staticSize } from './static-size.ts';

/** The pool of the published table: three builds on a node. */
export const NODE = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };
export const PODS_PER_NODE = 3;
export const BOOT_SECONDS = SETTINGS.bootMs.fallback / 1000;
/** From a decision until its node works, in a pool that is decided on every ten seconds. */
export const LEAD_SECONDS = BOOT_SECONDS + 10;
const FLOOR_PODS = 5;
const RULE_Z = 2;

/** The builds that a policy is made for. */
export interface Given {
  readonly jobs: readonly Job[];
  /** The learning days end here, in seconds. */
  readonly countFrom: number;
}

/** A policy of the comparison, made anew for each replay. */
export interface Contender {
  readonly name: string;
  /** `ours` is judged, `other` is what it is judged by, `bound` knows the future. */
  readonly side: 'ours' | 'other' | 'bound';
  /** Set for ours: it is played for one price only. */
  readonly price?: number;
  /** Folders whose sources decide what it does, beside simulation and traces. */
  readonly sources: readonly string[];
  make(given: Given): ScalingPolicy;
}

const OWN = 'testbed/bench/capacity/cost';
const ENGINE_SOURCES = [
  'autoscaler/src/replay/policies',
  'autoscaler/src/capacity',
  'testbed/bench/capacity/least-that.ts',
  ...['contenders', 'quantile-rule', 'static-size'].map((name) => `${OWN}/${name}.ts`),
];

/**
 * What executes the orders of a pool of Hangar's own.
 *
 * @param env the settings that differ from the defaults
 */
export function serviceWith(env: Readonly<Record<string, string>>): ServiceOptions {
  const loaded = loadReplayedSettings(env);
  if ('problems' in loaded) throw new Error(loaded.problems.join('; '));
  return { ...loaded.ok, policy: new CapacityPolicy(loaded.ok) };
}

const owned = (rule: BufferRule): ScalingPolicy => softlyPlaced(ruledPolicy(rule, serviceWith({})));

/** Pools of Hangar's own are decided on by its policy, with another rule in it. */
const OWNED_SOURCES = [
  ...ENGINE_SOURCES,
  ...['decide', 'forecast', 'config'].map((folder) => `autoscaler/src/${folder}`),
];

const other = (name: string, make: Contender['make'], sources = ENGINE_SOURCES): Contender => ({
  ...{ name, side: 'other', sources, make },
});

/** What Hangar is judged by. */
export const OTHERS: readonly Contender[] = [
  other('static', ({ jobs, countFrom }) =>
    staticPolicy(
      staticSize(
        jobs.filter(({ arrivedAt }) => arrivedAt < countFrom),
        PODS_PER_NODE,
      ),
    ),
  ),
  other('cluster-autoscaler', () => clusterAutoscalerPolicy()),
  other('karpenter', () => karpenterPolicy()),
  other('buffer of 5', () => karpenterBufferPolicy({ podsAt: () => FLOOR_PODS })),
  other('rule', () => owned(squareRootRule(RULE_Z, FLOOR_PODS)), OWNED_SOURCES),
  ...[0.85, 0.9, 0.95].map((quantile) =>
    other(
      `quantile ${quantile.toFixed(2)}`,
      () => owned(quantileRule(quantile, LEAD_SECONDS)),
      OWNED_SOURCES,
    ),
  ),
  {
    ...{ name: 'clairvoyant', side: 'bound', sources: OWNED_SOURCES },
    make: ({ jobs }) => owned(clairvoyantRule(jobs, LEAD_SECONDS)),
  },
];

import type { Job } from '@hangar/autoscaler/capacity/job';
import { MIB } from '@hangar/autoscaler/capacity/shape';
import type { BufferRule } from '@hangar/autoscaler/forecast/buffer-rule';
import { clusterAutoscalerPolicy } from '@hangar/autoscaler/replay/policies/cluster-autoscaler';
import { karpenterBufferPolicy, karpenterPolicy } from '@hangar/autoscaler/replay/policies/karpenter';
import { clairvoyantRule, squareRootRule } from '@hangar/autoscaler/replay/policies/rules';
import { softlyPlaced } from '@hangar/autoscaler/replay/policies/soft-taints';
import { staticPolicy } from '@hangar/autoscaler/replay/policies/static';
import { staticPoolPolicy } from '@hangar/autoscaler/replay/policies/static-node-pool';
import type { ScalingPolicy } from '@hangar/autoscaler/replay/policy';
import { SETTINGS } from '@hangar/autoscaler/settings';
import { quantileRule } from './quantile-rule.ts';
import { staticSize } from './static-size.ts';

/** The pool of the published table: three builds on a node. */
export const NODE = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };
export const PODS_PER_NODE = 3;
export const BOOT_SECONDS = SETTINGS.bootMs.fallback / 1000;
/** From a decision until its node works, in a pool that is decided on every ten seconds. */
const LEAD_SECONDS = BOOT_SECONDS + 10;
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

const ENGINE_SOURCES = ['autoscaler/src/replay/policies', 'autoscaler/src/capacity'];

const owned = (rule: BufferRule): ScalingPolicy => softlyPlaced(staticPoolPolicy(rule));

const other = (name: string, make: Contender['make']): Contender => ({
  ...{ name, side: 'other', sources: ENGINE_SOURCES, make },
});

/** Everything that is compared. */
export const CONTENDERS: readonly Contender[] = [
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
  other('buffer of 5', () => karpenterBufferPolicy({ name: 'buffer', bufferPods: () => FLOOR_PODS })),
  other('rule', () => owned(squareRootRule(RULE_Z, FLOOR_PODS))),
  ...[0.85, 0.9, 0.95].map((quantile) =>
    other(`quantile ${quantile.toFixed(2)}`, () => owned(quantileRule(quantile, LEAD_SECONDS))),
  ),
  {
    ...{ name: 'clairvoyant', side: 'bound', sources: ENGINE_SOURCES },
    make: ({ jobs }) => owned(clairvoyantRule(jobs, LEAD_SECONDS)),
  },
];

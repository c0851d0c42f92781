import type { Job } from '../capacity/job.ts';
import type { NodeSpec } from '../capacity/node-spec.ts';
import { CLUSTER_AUTOSCALER, clusterAutoscalerPolicy } from '../replay/policies/cluster-autoscaler.ts';
import { KARPENTER, karpenterPolicy } from '../replay/policies/karpenter.ts';
import type { ScalingPolicy } from '../replay/policy.ts';
import { replay } from '../replay/replay.ts';
import type { EngineSettings } from './engines.ts';

/** Past Pods, and two ways to have sized a pool for them. */
export interface SettingsComparison {
  /** By arrival. */
  readonly jobs: readonly Job[];
  readonly node: NodeSpec;
  readonly bootSeconds: number;
  readonly now: EngineSettings;
  readonly better: EngineSettings;
}

/** What the better settings would have changed. */
export interface SettingsGain {
  /** Share of the node-hours that is saved; negative: more is used. */
  readonly nodeHoursShare: number;
  /** Seconds that the 95th percentile of the wait gets shorter; negative: longer. */
  readonly waitP95Seconds: number;
  readonly jobs: number;
  readonly days: number;
}

const DAY_SECONDS = 86_400;

function policyOf(settings: EngineSettings): ScalingPolicy {
  switch (settings.engine) {
    case 'cluster-autoscaler':
      return clusterAutoscalerPolicy({ ...CLUSTER_AUTOSCALER, ...settings });
    case 'karpenter': {
      const validationSeconds = KARPENTER.validationSeconds + settings.consolidateAfterSeconds;
      return karpenterPolicy({ ...KARPENTER, validationSeconds });
    }
  }
}

/** Replays the same Pods with both settings, as scheduling-and-scaling §5.1 says. Takes seconds on long traces; the same question gives the same answer. */
export function compare({ jobs, node, bootSeconds, now, better }: SettingsComparison): SettingsGain {
  const countFrom = jobs[0]?.arrivedAt ?? 0;
  const play = (settings: EngineSettings) =>
    replay({ jobs, node, bootSeconds, policy: policyOf(settings), seed: 1, countFrom });
  const [before, after] = [play(now), play(better)];
  return {
    nodeHoursShare: before.nodeHours === 0 ? 0 : 1 - after.nodeHours / before.nodeHours,
    waitP95Seconds: before.waitSeconds.p95 - after.waitSeconds.p95,
    jobs: before.jobs,
    days: ((jobs.at(-1)?.arrivedAt ?? countFrom) - countFrom) / DAY_SECONDS,
  };
}

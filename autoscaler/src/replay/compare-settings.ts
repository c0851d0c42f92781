import type { EngineSettings } from '../advise/engines.ts';
import type { SettingsComparison, SettingsGain } from '../advise/settings-gain.ts';
import { CLUSTER_AUTOSCALER, clusterAutoscalerPolicy } from './policies/cluster-autoscaler.ts';
import { KARPENTER, karpenterPolicy } from './policies/karpenter.ts';
import type { ScalingPolicy } from './policy.ts';
import { replay } from './replay.ts';

const DAY_SECONDS = 86_400;

function policyOf(settings: EngineSettings): ScalingPolicy {
  switch (settings.engine) {
    case 'cluster-autoscaler':
      return clusterAutoscalerPolicy({ ...CLUSTER_AUTOSCALER, ...settings });
    case 'karpenter':
      return karpenterPolicy({ ...KARPENTER, ...settings });
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

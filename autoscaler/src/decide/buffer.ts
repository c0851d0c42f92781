import type { BufferOptions, FreeRoom } from '../forecast/live-forecast.ts';
import type { WorkCounts } from './demand.ts';
import type { RecommendedBuffer } from './recommendation.ts';

/** The rule without history. The result is never less than the work known to come (`max`, like the forecast's own fallback). Pure. */
export function ruleBuffer(
  { runningPods, pendingPods, knownStages, stagesSoon }: WorkCounts,
  { z, floor }: BufferOptions,
): RecommendedBuffer {
  const pods = z * Math.sqrt(runningPods + pendingPods + knownStages) + floor;
  if (stagesSoon > pods)
    return {
      pods: stagesSoon,
      by: 'rule',
      because: `${stagesSoon} stages of running builds are expected before a node requested now would be ready`,
    };
  return {
    pods,
    by: 'rule',
    because: `${z}·√(${runningPods} running + ${pendingPods + knownStages} waiting) + ${floor} = ${pods.toFixed(1)} Pods`,
  };
}

/**
 * The better of rule and forecast, bounded by what a quota admits. The forecast returns the rule's own number where its back-test
 * does not win.
 */
export function bufferOf(
  demand: WorkCounts,
  options: BufferOptions,
  forecast: FreeRoom | undefined,
): RecommendedBuffer {
  const wanted = betterOf(demand, options, forecast);
  const room = Math.max(0, demand.quotaRoomPods - demand.knownStages);
  if (wanted.pods <= room) return wanted;
  return { ...wanted, pods: room, because: `${wanted.because}, and quotas admit ${room} more` };
}

function betterOf(
  demand: WorkCounts,
  options: BufferOptions,
  forecast: FreeRoom | undefined,
): RecommendedBuffer {
  const rule = ruleBuffer(demand, options);
  if (forecast === undefined) return rule;
  const { pods, isForecast } = forecast;
  if (!isForecast) return correctedRule(rule, pods);
  return {
    pods,
    by: 'forecast',
    because:
      forecast.because ??
      `the forecast is ${pods.toFixed(1)} Pods for this hour, and was more accurate than the rule (${rule.pods.toFixed(1)})`,
  };
}

/** The rule, corrected by the waits of the last days. */
function correctedRule(rule: RecommendedBuffer, pods: number): RecommendedBuffer {
  const more = pods - rule.pods;
  if (Math.abs(more) < 0.05) return rule;
  const direction = more > 0 ? 'more' : 'less';
  const why = more > 0 ? 'longer than the objective' : 'no longer than the objective';
  return {
    ...rule,
    pods,
    because: `${rule.because}, and ${Math.abs(more).toFixed(1)} ${direction} since builds recently waited ${why}`,
  };
}

import type { Clock } from '@hangar/shared/clock';
import type { V1Pod } from '@kubernetes/client-node';
import { observe } from '../watch/observe.ts';
import { isOver } from '../watch/pod-retry.ts';
import { statusAgeMs } from './api-time.ts';
import type { StageProgress } from './stage-progress.ts';

/** Whether every step of the plan, but for those in the background, has ended in that Pod. */
export function allEnded(pod: V1Pod, { work }: Pick<StageProgress, 'work'>): boolean {
  if (!work) return false;
  const { steps } = observe(pod, work.plan);
  return work.plan.steps.every(({ n, role }) => role === 'background' || steps.get(n)?.kind === 'ended');
}

/**
 * How long ago a stage that has ended by now had ended for certain, in milliseconds. One that this process followed to its end has ended now.
 * Of a Pod that had ended when it was found, the API server knows since when its status is the last one; the clocks of its node and of this
 * one count for nothing.
 */
export function endedAgoMs(progress: StageProgress, clock: Clock): number {
  const { pod, record, apiTime } = progress;
  if (!pod || !record || !(isOver(pod) || allEnded(pod, progress))) return 0;
  return statusAgeMs(pod, apiTime, clock) ?? 0;
}

import type { V1Pod } from '@kubernetes/client-node';
import { patiently } from '../launch/patiently.ts';
import { stopPod } from '../launch/stop-pod.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { isOwnedBy } from '../pipeline/pod-owner.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { currentPodOnce } from '../watch/current-pod.ts';
import { isOver, whetherRan } from '../watch/pod-retry.ts';
import { type StageEnd, type StageFlow, TAKEN_OVER } from './stage-progress.ts';

/** The kubelet ends a Pod without containers within a second. Only the time counts in which the API server answers. */
const STOP_LIMIT_MS = 120_000;
const LOOK_MS = 500;

/**
 * Stops a Pod that is to be made again in another form. The annotation lets the next owner continue here. A container may start before the
 * kubelet sees the stop: only its last status proves that none did.
 *
 * @throws {PipelineError} when a step may have run, which must not be repeated
 */
export async function stopUnstarted(
  flow: StageFlow,
  { pod, plan }: { readonly pod: V1Pod; readonly plan: RunPlan },
  {
    reason,
    annotations,
  }: { readonly reason: string; readonly annotations: Readonly<Record<string, string>> },
): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  progress.isSupervised = false;
  if (!isOver(pod)) await stopPod(parts, { pod, annotations }, stops.stop);
  const ran = await whetherRanAtEnd(flow, pod, plan);
  if (ran === 'others') return TAKEN_OVER;
  if (ran !== 'no')
    throw new PipelineError('pod-refused', `whether a step has run is not certain: ${reason}`, {
      blame: 'cluster',
    });
  return undefined;
}

/** Reads the Pod until the kubelet's last status is there, or it is gone. */
async function whetherRanAtEnd(
  { parts, stops }: StageFlow,
  pod: V1Pod,
  plan: RunPlan,
): Promise<ReturnType<typeof whetherRan> | 'others'> {
  const { clock, cluster, lease } = parts;
  for (let waitedMs = 0; ; ) {
    const now = await patiently(parts, { what: 'read the Pod' }, stops.stop, () =>
      currentPodOnce(cluster, pod, stops.stop),
    );
    if (now.kind !== 'present') return 'maybe';
    if (!isOwnedBy(now.pod, lease.owner)) return 'others';
    const ran = whetherRan(now.pod, plan);
    if (isOver(now.pod) && ran !== 'open') return ran;
    if (waitedMs >= STOP_LIMIT_MS) return 'maybe';
    const readMs = clock.monotonicMs();
    await clock.sleep(LOOK_MS, stops.stop);
    stops.stop.throwIfAborted();
    waitedMs += clock.monotonicMs() - readMs;
  }
}

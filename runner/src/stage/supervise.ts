import type { V1Pod } from '@kubernetes/client-node';
import { StageRun, type StageRunEnd } from '../supervise/stage-run.ts';
import { isKeeping } from '../watch/kept-step.ts';
import { hasStepStarted, type PodRetry } from '../watch/pod-retry.ts';
import type { PodFeed } from '../watch/pod-watch.ts';
import { endedAgoMs } from './ended-ago.ts';
import { Expiry } from './expiry.ts';
import { countReading, logCautionOf } from './reader-deaths.ts';
import { isPodRetry, makeAgain, remakesOf, retryOfPreviousOwner } from './remake.ts';
import type { StageEnd, StageFlow, Work } from './stage-progress.ts';
import { followSteps } from './stage-record.ts';

/**
 * Supervises the running Pod until the server has the end and the logs. The stage counts against the capacity until its steps have ended,
 * and is in the registry until everything is reported.
 */
export async function superviseStage(flow: StageFlow): Promise<StageEnd | undefined> {
  const { progress, parts, stops } = flow;
  const { work, pod, started, admittedMs } = progress;
  if (!work || !pod || !started || admittedMs === undefined)
    throw new Error('a stage without a Pod cannot be supervised');
  progress.isSupervised = true;
  followSteps(flow, started);
  parts.registry.update(started.stage.id, { phase: 'running', reason: '', sinceMs: admittedMs });
  const launched = { pod, plan: work.plan, started };
  const former = retryOfPreviousOwner(pod);
  if (former !== undefined) return makeAgain(flow, launched, former);
  const expiry = new Expiry(parts);
  const readingOver = countReading(flow, pod);
  try {
    const handOver = AbortSignal.any([stops.handOver, expiry.signal]);
    const end = await runOf(flow, { work, pod }, expiry).run({
      cancelled: stops.cancelled,
      handOver,
    });
    return isPodRetry(end) ? await makeAgain(flow, launched, end) : endOf(end, flow, expiry);
  } finally {
    readingOver();
    expiry.close();
  }
}

function endOf(end: Exclude<StageRunEnd, PodRetry>, { stops }: StageFlow, expiry: Expiry): StageEnd {
  if (end.kind === 'finished') return { kind: 'reported' };
  return expiry.signal.aborted && !stops.handOver.aborted ? { kind: 'expired' } : { kind: 'handed-over' };
}

function runOf(
  flow: StageFlow,
  { work, pod }: { readonly work: Work; readonly pod: V1Pod },
  expiry: Expiry,
): { run: StageRun['run'] } {
  const { parts, progress } = flow;
  const { started, adopted } = progress;
  if (!started) throw new Error('a stage that was not started cannot be supervised');
  const { stage, reporter, firstLog } = started;
  const log = parts.log.child({ stageId: stage.id, buildId: stage.buildId, pod: pod.metadata?.name });
  const feed = parts.podWatch.feed(pod);
  forgetOnceStarted(work, feed);
  const tail = Promise.withResolvers<void>();
  const order = {
    plan: work.plan,
    masks: work.masks,
    notes: work.notes,
    stepNotes: work.stepNotes,
    pod,
    admittedMonotonicMs: progress.admittedMonotonicMs,
    adopted,
    logCaution: logCautionOf(flow),
    ...remakesOf(flow),
    notRemoved: () => parts.registry.forget(pod.metadata?.uid ?? ''),
    takenOverMs: parts.clock.now(),
    owner: parts.lease.owner,
    ...(firstLog ? { firstLog } : {}),
    ended: (failure?: string) => {
      if (failure) parts.registry.update(stage.id, { failure });
      flow.ended();
      expiry.begin(endedAgoMs(progress, parts.clock));
    },
    mayKeep: () => mayKeep(parts, work),
    reported: (keptMs: number) => {
      expiry.close();
      parts.registry.finish(pod.metadata?.uid, parts.clock.monotonicMs() + keptMs);
      parts.lease.settle(stage.id);
      parts.registry.linger(tail.promise);
      parts.registry.leave(stage.id);
      parts.events.finished(parts.clock.monotonicMs() - progress.admittedMonotonicMs);
    },
  };
  const stageRun = new StageRun({ ...parts, log }, order, { feed, reporter });
  const over = (): void => {
    feed.close();
    tail.resolve();
  };
  return { run: (stops) => stageRun.run(stops).finally(over) };
}

/** Whether the repository has fewer Pods with the container of a failed step, of all replicas, than it may have. */
function mayKeep({ podWatch, keepFailedPods }: StageFlow['parts'], { plan }: Work): boolean {
  const isOfRepo = ({ metadata }: V1Pod): boolean =>
    metadata?.annotations?.['io.drone.repo.slug'] === plan.repoSlug;
  return podWatch.pods.filter((pod) => isKeeping(pod) && isOfRepo(pod)).length < keepFailedPods;
}

/** The compiled objects are needed to make the Pod again, which is over when a step is started. */
function forgetOnceStarted(work: Work, feed: PodFeed): void {
  const unsubscribe = feed.subscribe(() => {
    if (!feed.pod || !hasStepStarted(feed.pod, work.plan)) return;
    work.compiled = undefined;
    unsubscribe();
  });
}

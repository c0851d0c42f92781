import type { V1Pod } from '@kubernetes/client-node';
import type { Started } from '../launch/start.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { StageRun, type StageRunEnd } from '../supervise/stage-run.ts';
import type { Unrun } from '../watch/unrun.ts';
import { Expiry } from './expiry.ts';
import { mayRemake, remakeDelayMs, remakePod } from './remake.ts';
import { gateReplacement, stopUnstarted } from './replace-gate.ts';
import type { StageEnd, StageFlow, Work } from './stage-progress.ts';
import { followSteps } from './stage-record.ts';

/** After this many owners in a row were lost while they read the logs of a Pod, the next one does not read them. */
const MOST_READER_DEATHS = 3;

/**
 * Supervises the running Pod until the server has the end and the logs. The stage counts against the capacity until its steps have ended,
 * and is in the registry until everything is reported.
 */
export async function superviseStage(flow: StageFlow): Promise<StageEnd | undefined> {
  const { progress, parts, stops } = flow;
  const { work, pod, started, admittedMs } = progress;
  if (!work || !pod || !started || admittedMs === undefined)
    throw new Error('a stage without a Pod can’t be supervised');
  progress.isSupervised = true;
  followSteps(flow, started);
  parts.registry.update(started.stage.id, { phase: 'running', reason: '', sinceMs: admittedMs });
  const launched = { pod, plan: work.plan, started };
  const replacement = gateReplacement(pod);
  if (replacement !== undefined) return replaceGate(flow, launched, replacement);
  const expiry = new Expiry(parts);
  try {
    const handOver = AbortSignal.any([stops.handOver, expiry.signal]);
    const end = await runOf(flow, { work, pod, admittedMs }, expiry).run({
      cancelled: stops.cancelled,
      handOver,
    });
    if (end.kind === 'no-gate') return await replaceGate(flow, launched, end.reason);
    if (end.kind === 'not-run') {
      const delayMs = remakeDelayMs(progress);
      return await remakePod(flow, launched, { reason: end.trouble.text, delayMs });
    }
    return endOf(end, flow, expiry);
  } finally {
    expiry.close();
  }
}

/** Makes the Pod again with an init container in place of the gate's volume. */
async function replaceGate(
  flow: StageFlow,
  launched: { readonly pod: V1Pod; readonly plan: RunPlan; readonly started: Started },
  reason: string,
): Promise<StageEnd | undefined> {
  await stopUnstarted(flow, launched, reason);
  const text = `the gate’s image can’t be mounted as a volume: ${reason}`;
  return remakePod(flow, launched, { reason: text, delayMs: 0 });
}

function endOf(end: Exclude<StageRunEnd, Unrun>, { stops }: StageFlow, expiry: Expiry): StageEnd {
  if (end.kind === 'finished') return { kind: 'reported' };
  return expiry.signal.aborted && !stops.handOver.aborted ? { kind: 'expired' } : { kind: 'handed-over' };
}

function runOf(
  flow: StageFlow,
  { work, pod, admittedMs }: { readonly work: Work; readonly pod: V1Pod; readonly admittedMs: number },
  expiry: Expiry,
): { run: StageRun['run'] } {
  const { parts, progress } = flow;
  const { started, adopted } = progress;
  if (!started) throw new Error('a stage that was not started can’t be supervised');
  const { stage, reporter, firstLog } = started;
  const log = parts.log.child({ stageId: stage.id, buildId: stage.buildId, pod: pod.metadata?.name });
  const feed = parts.podWatch.feed(pod);
  const tail = Promise.withResolvers<void>();
  const order = {
    plan: work.plan,
    masks: work.masks,
    notes: work.notes,
    pod,
    admittedMs,
    adopted,
    areLogsWithheld: (progress.record?.readerDeaths ?? 0) >= MOST_READER_DEATHS,
    mayRemake: mayRemake(progress),
    mayReplaceGate: parts.gateVolumes.isAutomatic,
    notRemoved: () => parts.registry.forget(pod.metadata?.uid ?? ''),
    takenOverMs: parts.clock.now(),
    owner: parts.lease.owner,
    ...(firstLog ? { firstLog } : {}),
    ended: (failure?: string) => {
      if (failure) parts.registry.update(stage.id, { failure });
      flow.ended();
      expiry.begin(lastEndMs(feed.pod ?? pod) ?? parts.clock.now());
    },
    reported: () => {
      parts.registry.finish(pod.metadata?.uid, parts.clock.now());
      parts.lease.settle(stage.id);
      parts.registry.linger(tail.promise);
      parts.registry.leave(stage.id);
      parts.events.finished(parts.clock.now() - admittedMs);
    },
  };
  const stageRun = new StageRun({ ...parts, log }, order, { feed, reporter });
  const run: StageRun['run'] = async (stops) => {
    try {
      return await stageRun.run(stops);
    } finally {
      feed.close();
      tail.resolve();
    }
  };
  return { run };
}

/** When the last container ended, according to the kubelet. */
function lastEndMs({ status }: V1Pod): number | undefined {
  const ends = (status?.containerStatuses ?? []).flatMap(({ state }) => {
    const at = state?.terminated?.finishedAt;
    return at ? [new Date(at).getTime()] : [];
  });
  return ends.length === 0 ? undefined : Math.max(...ends);
}

import type { V1Pod } from '@kubernetes/client-node';
import type { PodRecord } from '../adopt/read-pod.ts';
import type { Finding } from '../cancel/cancel-watches.ts';
import { holdsGate } from '../launch/start.ts';
import type { Intent } from '../lease/lease-record.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import { lookAtStage } from '../report/stage-look.ts';
import { admit, showWait } from './admit.ts';
import { writeTime } from './api-time.ts';
import { claim } from './claim.ts';
import { conclude, endOf } from './conclude.ts';
import { describeStage } from './describe.ts';
import { graceAfter } from './grace.ts';
import { launchPod } from './launch.ts';
import type { StageParts } from './stage-parts.ts';
import {
  claimedStage,
  recordedStage,
  type StageEnd,
  type StageFlow,
  type StageProgress,
  type Station,
  stageOfPod,
} from './stage-progress.ts';
import { endWithoutSteps, start } from './start.ts';
import { superviseStage } from './supervise.ts';

/** Calls whose answer must not be lost have this long after the hand-over has begun. */
const GRACE_MS = 2_000;

/** Goes on with a stage that the server has just given to us. Never rejects. */
export const runStage = (
  parts: StageParts,
  { stage, machine }: { readonly stage: DroneStage; readonly machine: string },
  handOver: AbortSignal,
): Promise<void> => goThrough(parts, claimedStage(stage, machine), handOver);

/** Goes on with a stage of which only a Lease says something. Never rejects. */
export const runRecorded = (parts: StageParts, intent: Intent, handOver: AbortSignal): Promise<void> =>
  goThrough(parts, recordedStage(intent), handOver);

/** Goes on with a Pod that another process began and that is ours now, wherever that one stopped. Never rejects. */
export const resume = (
  parts: StageParts,
  pod: V1Pod,
  record: PodRecord,
  handOver: AbortSignal,
): Promise<void> => goThrough(parts, stageOfPod(pod, record, writeTime(pod, parts.clock)), handOver);

/**
 * One stage from what is known of it to its end: claim → describe → admit → launch → start → supervise → conclude. Whatever goes wrong becomes
 * the stage's own error. `handOver` aborted: it stops where it is, and the Lease or the Pod says to whoever comes next how to go on.
 */
async function goThrough(parts: StageParts, progress: StageProgress, handOver: AbortSignal): Promise<void> {
  const { id, buildId } = progress.stage;
  const watch = parts.cancelWatches.open(buildId);
  const { cancelled } = watch;
  const grace = graceAfter(parts.clock, { handOver, lost: parts.lease.lost }, GRACE_MS);
  const waits: StageFlow['parts']['waits'] = (reason, note = reason) => {
    parts.registry.update(id, { reason: reason || reasonInLine(progress) });
    if (note !== '') progress.started?.firstLog?.note(note);
  };
  const flow: StageFlow = {
    parts: { ...parts, waits },
    progress,
    stops: {
      cancelled,
      handOver,
      stop: AbortSignal.any([cancelled, handOver]),
      grace: AbortSignal.any([cancelled, grace.signal]),
    },
    beganMs: parts.clock.monotonicMs(),
    ended: () => {
      parts.registry.update(id, { phase: 'reporting', reason: '' });
      watch.close();
    },
  };
  watch.lookWith((signal) => look(flow, signal));
  try {
    await conclude(flow, await passStations(flow));
  } finally {
    watch.close();
    grace.close();
    parts.registry.leave(id);
  }
}

/** What it waits for in the line still, when it waits for nothing else. */
const reasonInLine = ({ admittedMs, turn }: StageProgress): string =>
  admittedMs === undefined ? (turn?.said.text ?? '') : '';

/** From station to station, until one of them is the last; an error is an end, too. */
async function passStations(flow: StageFlow): Promise<StageEnd> {
  const { progress, stops } = flow;
  try {
    for (;;) {
      const end = await stationOf(progress)(flow);
      if (end) return end;
      if (stops.handOver.aborted) return { kind: 'handed-over' };
    }
  } catch (error) {
    return endOf(flow, error);
  } finally {
    progress.turn?.leave();
  }
}

/** The next station, by what is still missing. */
function stationOf(progress: StageProgress): Station {
  const { isClaimed, work, admittedMs } = progress;
  if (!isClaimed) return claim;
  if (!work) return describeStage;
  if (work.plan.steps.length === 0) return endWithoutSteps;
  return admittedMs === undefined ? whileWaiting(progress) : onceAdmitted(progress);
}

/** A long wait is shown, for which it needs a Pod and the server's ids. */
function whileWaiting({ pod, started, isWaitLong, isWaitShown }: StageProgress): Station {
  if (!isWaitLong || isWaitShown) return admit;
  if (!pod) return launchPod;
  return started ? showWait : start;
}

function onceAdmitted({ pod, started }: StageProgress): Station {
  if (!pod) return launchPod;
  return started && !holdsGate(pod) ? superviseStage : start;
}

/** How the server says that it stands, once it was told of the start: the start itself meets an earlier cancel. */
async function look({ parts, progress }: StageFlow, signal: AbortSignal): Promise<Finding> {
  const reporter = progress.started?.reporter;
  if (!reporter) return 'unknown';
  const { podWatch, lease } = parts;
  const uid = progress.pod?.metadata?.uid;
  const pod = podWatch.pods.find(({ metadata }) => metadata?.uid === uid) ?? progress.pod;
  return lookAtStage(parts, { reporter, pod, owner: lease.owner }, signal);
}

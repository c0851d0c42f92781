import type { V1Pod } from '@kubernetes/client-node';
import type { PodRecord } from '../adopt/read-pod.ts';
import type { ServerState } from '../cancel/cancel-watches.ts';
import type { WaitNotice } from '../launch/patiently.ts';
import { holdsGate } from '../launch/start.ts';
import type { Intent } from '../lease/lease-record.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import { checkStage } from '../report/check-stage.ts';
import { admit, showWait } from './admit.ts';
import { writeTime } from './api-time.ts';
import { claim } from './claim.ts';
import { conclude, endOf } from './conclude.ts';
import { confirmOpen, isToConfirm } from './confirm.ts';
import { describeStage } from './describe.ts';
import { allEnded } from './ended-ago.ts';
import { GRACE_MS, graceAfter } from './grace.ts';
import { launchPod } from './launch.ts';
import { beginPreparation, leaveTurn } from './preparation.ts';
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

/** Runs a stage that the server has just assigned to this runner. Never rejects. */
export const runStage = (
  parts: StageParts,
  { stage, machine }: { readonly stage: DroneStage; readonly machine: string },
  handOver: AbortSignal,
): Promise<void> => processStage(parts, claimedStage(stage, machine), handOver);

/** Continues a stage that is known only from the record in a Lease. Never rejects. */
export const runRecorded = (parts: StageParts, intent: Intent, handOver: AbortSignal): Promise<void> =>
  processStage(parts, recordedStage(intent), handOver);

/** Continues a stage from its Pod, which another process created and this one has adopted. Never rejects. */
export const resume = (
  parts: StageParts,
  pod: V1Pod,
  record: PodRecord,
  handOver: AbortSignal,
): Promise<void> => processStage(parts, stageOfPod(pod, record, writeTime(pod, parts.clock)), handOver);

/**
 * Processes one stage to its end: claim → describe → admit → launch → start → supervise → conclude. Any failure becomes the error of the
 * stage. When `handOver` is aborted, the processing stops; the next owner continues from the Lease or the Pod.
 */
async function processStage(
  parts: StageParts,
  progress: StageProgress,
  handOver: AbortSignal,
): Promise<void> {
  const { id, buildId } = progress.stage;
  const watch = parts.cancelWatches.open(buildId);
  const { cancelled } = watch;
  const grace = graceAfter(parts.clock, { handOver, lost: parts.lease.lost }, GRACE_MS);
  const flow: StageFlow = {
    parts: { ...parts, wait: waitNotice(parts, progress) },
    progress,
    stops: {
      cancelled,
      handOver,
      stop: AbortSignal.any([cancelled, handOver]),
      grace: AbortSignal.any([cancelled, grace.signal]),
    },
    beganMs: parts.clock.monotonicMs(),
    requestState: () => watch.requestState(),
    ended: () => {
      parts.registry.update(id, { phase: 'reporting', reason: '' });
      watch.close();
    },
  };
  watch.checkWith((signal) => checkState(flow, signal));
  try {
    await conclude(flow, await runStations(flow));
  } finally {
    watch.close();
    grace.close();
    leaveTurn(progress);
    parts.registry.leave(id);
  }
}

function waitNotice({ registry }: StageParts, progress: StageProgress): WaitNotice {
  const { id } = progress.stage;
  const shown = (reason: string): void => registry.update(id, { reason });
  return {
    shown,
    noted: (reason, note = reason) => {
      shown(reason);
      progress.started?.firstLog?.note(note);
    },
    over: () => shown(reasonInQueue(progress)),
  };
}

/** The reason that the admission queue gave, for a stage that waits for nothing else. */
const reasonInQueue = ({ admittedMs, queueEntry }: StageProgress): string =>
  admittedMs === undefined ? (queueEntry?.waitReason.text ?? '') : '';

/** Runs one station after the other until one returns an end; an error is an end, too. */
async function runStations(flow: StageFlow): Promise<StageEnd> {
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
    progress.queueEntry?.leave();
  }
}

/** Selects the next station by what is still missing. */
function stationOf(progress: StageProgress): Station {
  const { isClaimed, isPreparing, pod, work, admittedMs } = progress;
  if (!pod && !isPreparing) return beginPreparation;
  if (!isClaimed) return claim;
  if (!work) return describeStage;
  if (isToConfirm(progress)) return confirmOpen;
  if (work.plan.steps.length === 0) return endWithoutSteps;
  return admittedMs === undefined ? whileWaiting(progress) : onceAdmitted(progress);
}

/** Showing a long wait requires a Pod and the server's ids. */
function whileWaiting({ pod, started, isWaitLong, isWaitShown }: StageProgress): Station {
  if (!isWaitLong || isWaitShown) return admit;
  if (!pod) return launchPod;
  return started ? showWait : start;
}

function onceAdmitted({ pod, started }: StageProgress): Station {
  if (!pod) return launchPod;
  return started && !holdsGate(pod) ? superviseStage : start;
}

/** Reads the state of the stage from the server, once the start was reported: the start itself detects an earlier cancel. */
async function checkState({ parts, progress }: StageFlow, signal: AbortSignal): Promise<ServerState> {
  const reporter = progress.started?.reporter;
  if (!reporter) return 'unknown';
  const uid = progress.pod?.metadata?.uid;
  const pod = parts.podWatch.pods.find(({ metadata }) => metadata?.uid === uid) ?? progress.pod;
  const hasEnded = (read: V1Pod): boolean => allEnded(read, progress);
  return checkStage(parts, { reporter, pod, hasEnded }, signal);
}

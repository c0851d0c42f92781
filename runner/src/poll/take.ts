import type { Clock } from '@hangar/shared/clock';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import { NO_LOAD } from '../admit/admit.ts';
import type { Intent } from '../lease/lease-record.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import { finishBare } from '../report/finish-bare.ts';
import { runStage } from '../stage/run-stage.ts';
import type { StageParts } from '../stage/stage-parts.ts';
import type { StageRegistry } from '../stage-registry.ts';
import type { Taken } from './poll.ts';

/** A stage that comes into this process's hands, before anything is known of its repository. */
function entryOf(stage: DroneStage, clock: Clock): Parameters<StageRegistry['enter']>[0] {
  return {
    stageId: stage.id,
    buildId: stage.buildId,
    buildNumber: 0,
    repo: '',
    stageName: stage.name,
    event: '',
    phase: 'preparing',
    sinceMs: clock.now(),
    reason: '',
    pod: '',
    adopted: false,
    asks: NO_LOAD,
  };
}

/**
 * Claims an offered stage: the intent stands in the Lease first, so that no crash loses it. Resolves when the server has answered;
 * the journey goes on by itself. Never rejects.
 */
export async function take(
  parts: StageParts,
  offer: DroneStage,
  by: { machine: string; handOver: AbortSignal },
): Promise<Taken> {
  const { ciServer, clock, lease, log, registry } = parts;
  if (!registry.enter(entryOf(offer, clock))) return 'not-taken';
  try {
    await lease.intend({ stageId: offer.id, buildId: offer.buildId, machine: by.machine }, by.handOver);
    const accepted = await ciServer.accept(offer.id, by.machine, by.handOver);
    if (accepted.kind === 'accepted') {
      const stage = { ...offer, ...accepted.stage, machine: by.machine };
      void runStage(parts, { stage, machine: by.machine }, by.handOver);
      return 'taken';
    }
    log.debug({ stageId: offer.id }, 'another runner was faster');
  } catch (error) {
    // Going away: whether it was accepted is for the next one to find out, by the intent.
    if (by.handOver.aborted) return leave(parts, offer.id, 'kept');
    log.warn(
      { err: error, stageId: offer.id },
      'a stage could not be accepted; the server will offer it again',
    );
  }
  return leave(parts, offer.id, 'settled');
}

function leave({ lease, registry }: StageParts, stageId: number, intent: 'kept' | 'settled'): Taken {
  if (intent === 'settled') lease.settle(stageId);
  registry.leave(stageId);
  return 'not-taken';
}

/** A stage whose ownership can't be learnt is asked about again for about five minutes in all: a Git host may be away. */
const QUESTIONS: RetryPolicy = { firstDelayMs: 500, maxDelayMs: 30_000, attempts: 13 };

/**
 * Goes on with a stage that this replica's former life, or a dead one, meant to accept or had accepted, and that has no Pod.
 * Never rejects.
 */
export async function carryOn(parts: StageParts, intent: Intent, handOver: AbortSignal): Promise<void> {
  const { log, registry, clock } = parts;
  const { stageId, buildId } = intent;
  const blank = { id: stageId, buildId, name: '' } as DroneStage;
  if (!registry.enter(entryOf(blank, clock))) return;
  try {
    const found = await findOut(parts, intent, handOver);
    if (found.kind === 'pending') {
      log.info({ stageId }, 'going on with a stage that was accepted before');
      void runStage(parts, { stage: found.stage, machine: intent.machine }, handOver);
      return;
    }
    const { started } = intent;
    if (found.kind === 'running' && started) {
      log.info({ stageId }, 'going on with a stage that waits for room in a quota');
      void runStage(parts, { stage: found.stage, machine: intent.machine, started }, handOver);
      return;
    }
    if (found.kind === 'running') {
      registry.update(stageId, { phase: 'reporting' });
      await finishBare(parts, found.stage, LOST, handOver);
    } else log.debug({ stageId }, 'a stage that was accepted before needs nobody any more');
  } catch (error) {
    if (!handOver.aborted)
      log.error({ err: error, stageId }, 'a stage that was accepted before could not be carried on');
  }
  leave(parts, stageId, handOver.aborted ? 'kept' : 'settled');
}

/** It was started and has no Pod: nobody will ever report of it (gate §4). */
const LOST = {
  status: 'error',
  text: 'the runner was lost while this pipeline ran, and its Pod is gone; restart the build',
  started: undefined,
} as const;

type Found = { readonly kind: 'pending' | 'running'; readonly stage: DroneStage } | { readonly kind: 'over' };

/** Accepts it, or learns from its details whether it was accepted under that name before. */
async function findOut(parts: StageParts, intent: Intent, signal: AbortSignal): Promise<Found> {
  const { ciServer, clock, log } = parts;
  const { stageId, buildId, machine } = intent;
  const onRetry: RetryPolicy['onRetry'] = ({ error }) =>
    log.warn({ err: error, stageId }, 'whose a stage is could not be learnt, asking again');
  return retry(clock, { ...QUESTIONS, onRetry }, signal, async () => {
    const accepted = await ciServer.accept(stageId, machine, signal);
    if (accepted.kind !== 'accepted') return foundIn((await ciServer.detail(stageId, signal)).stage, machine);
    const blank = { id: stageId, buildId } as DroneStage;
    return { kind: 'pending', stage: { ...blank, ...accepted.stage, machine } };
  });
}

function foundIn(stage: DroneStage, machine: string): Found {
  if (stage.machine !== machine) return { kind: 'over' };
  if (stage.status === 'pending' || stage.status === 'running') return { kind: stage.status, stage };
  return { kind: 'over' };
}

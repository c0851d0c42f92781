import type { Clock } from '@hangar/shared/clock';
import { NO_LOAD } from '../admit/admit.ts';
import type { Intent } from '../lease/lease-record.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import { runRecorded, runStage } from '../stage/run-stage.ts';
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

/**
 * Goes on with a stage that this replica's former life, or a dead one, meant to accept or had accepted, and that has no Pod.
 * Never rejects.
 */
export async function carryOn(parts: StageParts, intent: Intent, handOver: AbortSignal): Promise<void> {
  const blank = { id: intent.stageId, buildId: intent.buildId, name: '' } as DroneStage;
  if (parts.registry.enter({ ...entryOf(blank, parts.clock), adopted: true }))
    await runRecorded(parts, intent, handOver);
}

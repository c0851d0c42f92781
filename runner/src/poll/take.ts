import type { Clock } from '@hangar/shared/clock';
import { NO_LOAD } from '../admit/admit.ts';
import { travel } from '../journey/journey.ts';
import type { JourneyParts } from '../journey/journey-parts.ts';
import type { Intent } from '../lease/lease-record.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import type { Roster } from '../roster.ts';

/** A stage that comes into this process's hands, before anything is known of its repository. */
function entryOf(stage: DroneStage, clock: Clock): Parameters<Roster['enter']>[0] {
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
 * the journey goes on by itself.
 */
export async function take(
  parts: JourneyParts,
  offer: DroneStage,
  by: { machine: string; handOver: AbortSignal },
): Promise<void> {
  if (!parts.roster.enter(entryOf(offer, parts.clock))) return;
  try {
    await parts.lease.intend({ stageId: offer.id, buildId: offer.buildId, machine: by.machine }, by.handOver);
    const accepted = await parts.ciServer.accept(offer.id, by.machine, by.handOver);
    if (accepted.kind === 'accepted') {
      const stage = { ...offer, ...accepted.stage, machine: by.machine };
      void travel(parts, { stage, machine: by.machine }, by.handOver);
      return;
    }
    parts.log.debug({ stageId: offer.id }, 'another runner was faster');
  } catch (error) {
    if (by.handOver.aborted) return;
    parts.log.warn(
      { err: error, stageId: offer.id },
      'a stage could not be accepted; the server will offer it again',
    );
  }
  parts.lease.settle(offer.id);
  parts.roster.leave(offer.id);
}

/** Goes on with a stage that this replica's former life, or a dead one, meant to accept or had accepted, and that has no Pod. */
export async function carryOn(parts: JourneyParts, intent: Intent, handOver: AbortSignal): Promise<void> {
  const { ciServer, log, lease, roster, clock } = parts;
  const blank = { id: intent.stageId, buildId: intent.buildId, name: '' } as DroneStage;
  if (!roster.enter(entryOf(blank, clock))) return;
  try {
    const accepted = await ciServer.accept(intent.stageId, intent.machine, handOver);
    const detail = await ciServer.detail(intent.stageId, handOver);
    const ours = accepted.kind === 'accepted' || detail.stage.machine === intent.machine;
    if (ours && detail.stage.status === 'pending') {
      log.info({ stageId: intent.stageId }, 'going on with a stage that was accepted before');
      void travel(parts, { stage: detail.stage, machine: intent.machine }, handOver);
      return;
    }
  } catch (error) {
    if (handOver.aborted) return;
    log.warn(
      { err: error, stageId: intent.stageId },
      'a stage that was accepted before could not be carried on',
    );
  }
  lease.settle(intent.stageId);
  roster.leave(intent.stageId);
}

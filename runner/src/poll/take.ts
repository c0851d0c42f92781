import type { Clock } from '@hangar/shared/clock';
import { NO_LOAD } from '../admit/admit.ts';
import type { Intent } from '../lease/lease-record.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import { CiServerError } from '../ports/ci-server.ts';
import { GRACE_MS, graceAfter } from '../stage/grace.ts';
import { runRecorded, runStage } from '../stage/run-stage.ts';
import type { StageParts } from '../stage/stage-parts.ts';
import type { StageRegistry } from '../stage-registry.ts';
import type { Taken } from './poll.ts';

/** The registry entry of a stage before anything is known of its repository. */
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
 * Claims an offered stage. It is recorded in the Lease first, so that no crash loses it. Resolves when the server has answered; the stage
 * then runs in the background. Never rejects.
 */
export async function take(
  parts: StageParts,
  offer: DroneStage,
  by: { machine: string; handOver: AbortSignal },
): Promise<Taken> {
  const { ciServer, clock, lease, log, registry } = parts;
  const { id: stageId, buildId } = offer;
  const { machine, handOver } = by;
  // A stage of a lost replica is recorded under that one's name until it is decided whose it is: another name must not replace that.
  if (lease.has(stageId) || !registry.enter(entryOf(offer, clock))) return 'not-taken';
  const grace = graceAfter(clock, { handOver, lost: lease.lost }, GRACE_MS);
  try {
    await lease.intend({ stageId, buildId, machine, preparing: true }, handOver);
    const accepted = await ciServer.accept(stageId, machine, grace.signal);
    if (accepted.kind === 'accepted') {
      void runStage(parts, { stage: { ...offer, ...accepted.stage, machine }, machine }, handOver);
      return 'taken';
    }
    log.debug({ stageId }, 'another runner was faster');
  } catch (error) {
    // The next replica determines from the record whether it was accepted.
    if (handOver.aborted) return leave(parts, stageId, 'kept');
    if (isDoubtful(error)) {
      log.warn({ err: error, stageId }, 'unknown whether a stage was accepted; retrying');
      void runRecorded(parts, { stageId, buildId, machine }, handOver);
      return 'taken';
    }
    log.warn({ err: error, stageId }, 'a stage could not be accepted; the server will offer it again');
  } finally {
    grace.close();
  }
  return leave(parts, stageId, 'settled');
}

/** The accept itself is repeated until it is answered; after a lost response the stage's details decide, and that request may fail. */
const isDoubtful = (error: unknown): boolean => error instanceof CiServerError && error.call !== 'accept';

function leave({ lease, registry }: StageParts, stageId: number, intent: 'kept' | 'settled'): Taken {
  if (intent === 'settled') lease.settle(stageId);
  registry.leave(stageId);
  return 'not-taken';
}

/**
 * Continues a stage without a Pod, after an earlier process of this replica or another replica recorded that it would accept it. Never
 * rejects.
 */
export async function carryOn(parts: StageParts, intent: Intent, handOver: AbortSignal): Promise<void> {
  const blank = { id: intent.stageId, buildId: intent.buildId, name: '' } as DroneStage;
  if (parts.registry.enter({ ...entryOf(blank, parts.clock), adopted: true }))
    await runRecorded(parts, intent, handOver);
}

import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { DroneStage } from '../pipeline/drone.ts';
import { INFRASTRUCTURE } from '../pipeline/exit-codes.ts';
import type { Conclusion } from '../pipeline/stage-state.ts';
import type { CiServer } from '../ports/ci-server.ts';
import { finishOpen } from './stage-details.ts';

/** How a stage ends before its steps: the build was cancelled, or an error occurred, with the text for the author. */
export type EarlyEnd = Extract<Conclusion, { readonly kind: 'cancelled' | 'broken' }>;

/** An early end with the first step's log, if that was opened. */
export type BareEnd = EarlyEnd & {
  readonly firstLog: { note(text: string): void; finish(signal: AbortSignal): Promise<unknown> } | undefined;
};

/**
 * Ends a stage of which no step ran (drone-rpc §4.5): one PUT without steps, repeated without a limit. The conflict of a cancel means that
 * the server has already ended it. That of an error may come from the version, which may be a former owner's: if the details show the stage
 * open, its end is reported with theirs. Never rejects: an end that can't be reported is logged.
 *
 * @param handOver aborted: nothing more is reported here; the next owner reports it
 * @returns whether the server has an end of the stage now
 */
export async function finishBare(
  parts: { clock: Clock; ciServer: CiServer; log: Logger },
  stage: DroneStage,
  end: BareEnd,
  handOver: AbortSignal,
): Promise<'reported' | 'unreported'> {
  try {
    await closeLog(parts, end, handOver);
    handOver.throwIfAborted();
    const ended = endedStage(parts.clock, stage, end);
    const update = await parts.ciServer.updateStage(ended, handOver);
    const isUnclear = update.kind === 'conflict' && end.kind === 'broken';
    const reported = isUnclear ? await finishOpen(parts, ended, handOver) : update.kind;
    parts.log.info({ stageId: stage.id, end: end.kind, reported }, 'the stage has ended before its steps');
    return 'reported';
  } catch (error) {
    if (!handOver.aborted)
      parts.log.error({ err: error, stageId: stage.id }, 'the end of a stage could not be reported');
    return 'unreported';
  }
}

/** Closes the log of the first step; a failure does not prevent the report of the end. */
async function closeLog(parts: { log: Logger }, end: BareEnd, handOver: AbortSignal): Promise<void> {
  const { firstLog } = end;
  if (!firstLog) return;
  try {
    if (end.kind === 'broken') firstLog.note(end.text);
    await firstLog.finish(handOver);
  } catch (error) {
    if (!handOver.aborted) parts.log.warn({ err: error }, 'the log of a stage could not be stored');
  }
}

function endedStage(clock: Clock, stage: DroneStage, end: BareEnd): DroneStage {
  const nowSeconds = Math.floor(clock.now() / 1000);
  const times = { started: stage.started || nowSeconds, stopped: nowSeconds };
  const how =
    end.kind === 'broken'
      ? ({ status: 'error', error: end.text, exitCode: INFRASTRUCTURE } as const)
      : ({ status: 'killed', error: '', exitCode: 0 } as const);
  return { ...stage, ...times, ...how, steps: [] };
}

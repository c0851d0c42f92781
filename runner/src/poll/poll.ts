import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { DroneStage, Filter } from '../pipeline/drone.ts';
import type { CiServer } from '../ports/ci-server.ts';

/** What the poller is given: when there is room, and what to do with an offer. */
export interface PollOptions {
  readonly filter: Filter;
  /** Resolves when one more stage may be taken on. */
  room(signal: AbortSignal): Promise<void>;
  /** Claims the offer before the next poll, or the server deals out the same stage again. */
  take(offer: DroneStage, signal: AbortSignal): Promise<void>;
  /** For readiness: when the server last answered. */
  answered(): void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Asks for work, one long poll at a time and again at once (the program being replaced pauses for 10 s after an empty one),
 * until the signal is aborted; patient with a server in trouble. Never rejects.
 */
export async function poll(
  parts: { clock: Clock; ciServer: CiServer; log: Logger; random: () => number },
  options: PollOptions,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      await options.room(signal);
      if (signal.aborted) return;
      const offer = await parts.ciServer.request(options.filter, signal);
      options.answered();
      pauseMs = FIRST_PAUSE_MS;
      if (offer && offer.id !== 0) await options.take(offer, signal);
    } catch (error) {
      if (signal.aborted) return;
      parts.log.warn({ err: error, pauseMs }, 'asking the Drone server for work failed');
      await parts.clock.sleep(pauseMs * (0.5 + parts.random() / 2), signal);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }
}

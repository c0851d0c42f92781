import { Backoff, USUAL_BACKOFF } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { DroneStage, Filter } from '../pipeline/drone.ts';
import { type CiServer, CiServerError } from '../ports/ci-server.ts';

/** The result of an offer: accepted, or not (another runner was faster, this process already has the stage, or the claim failed). */
export type Taken = 'taken' | 'not-taken';

/** Options of the poller: when there is room, and how to handle an offer. */
export interface PollOptions {
  readonly filter: Filter;
  /** Resolves when one more stage may be accepted. */
  room(signal: AbortSignal): Promise<void>;
  /** Claims the offer before the next poll; otherwise the server offers the same stage again. */
  take(offer: DroneStage, signal: AbortSignal): Promise<Taken>;
  /** Called for readiness whenever the server has answered. */
  answered(): void;
}

interface PollParts {
  readonly clock: Clock;
  readonly ciServer: CiServer;
  readonly log: Logger;
  readonly random: () => number;
}

/** An empty long poll lasts 30 s; one that ends sooner than this comes from a proxy in between that does not wait. */
const SHORTEST_POLL_MS = 1_000;

/**
 * Requests stages, one long poll at a time and without a pause (the program being replaced pauses for 10 s after an empty one), until the
 * signal is aborted; with backoff while the server fails. Never rejects.
 */
export async function poll(parts: PollParts, options: PollOptions, signal: AbortSignal): Promise<void> {
  const backoff = new Backoff(parts.clock, { ...USUAL_BACKOFF, jitter: parts.random });
  let missed = 0;
  while (!signal.aborted) {
    const outcome = await pollOnce(parts, options, signal);
    if (signal.aborted) return;
    missed = outcome.kind === 'missed' ? missed + 1 : 0;
    // One offer that is not accepted is ordinary; the same one repeatedly must not become a busy loop (known issue 17).
    const patient = outcome.kind === 'failed' || outcome.kind === 'hasty' || missed > 1;
    if (patient) await backoff.pause(signal, outcome.kind === 'failed' ? outcome.requestedMs : 0);
    else if (outcome.kind !== 'missed') backoff.reset();
  }
}

type Outcome =
  | { readonly kind: 'taken' | 'empty' | 'hasty' | 'missed' }
  | { readonly kind: 'failed'; readonly requestedMs: number };

async function pollOnce(parts: PollParts, options: PollOptions, signal: AbortSignal): Promise<Outcome> {
  const { clock, ciServer, log } = parts;
  try {
    await options.room(signal);
    if (signal.aborted) return { kind: 'empty' };
    const beganMs = clock.monotonicMs();
    const offer = await ciServer.request(options.filter, signal);
    options.answered();
    if (!offer || offer.id === 0)
      return { kind: clock.monotonicMs() - beganMs < SHORTEST_POLL_MS ? 'hasty' : 'empty' };
    return { kind: (await options.take(offer, signal)) === 'taken' ? 'taken' : 'missed' };
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'polling the Drone server failed');
    return { kind: 'failed', requestedMs: error instanceof CiServerError ? error.retryAfterMs : 0 };
  }
}

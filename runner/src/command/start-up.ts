import { Backoff } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { Review } from '../permissions/review.ts';
import { CiServerError } from '../ports/ci-server.ts';

interface StartParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** Asks until the API server answers; undefined when the signal was aborted first. What it refuses for good is thrown. */
export async function reviewed(
  parts: StartParts,
  ask: (signal: AbortSignal) => Promise<Review>,
  signal: AbortSignal,
): Promise<Review | undefined> {
  return persist(parts, signal, ask, (error) => {
    if (!isKubernetesError(error) || !error.transient) throw error;
    parts.log.error(
      { reason: error.message, status: error.status },
      'the Kubernetes API does not answer; trying again',
    );
  });
}

/** Pings until the Drone server answers well, however long that takes: it may be starting too. False when the signal was aborted first. */
export async function pinged(
  parts: StartParts,
  ping: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const ask = (stop: AbortSignal): Promise<true> => ping(stop).then(() => true as const);
  const answered = await persist(parts, signal, ask, (error) => {
    if (!(error instanceof CiServerError)) throw error;
    parts.log.error(
      { reason: error.message, status: error.status },
      'cannot ping the Drone server; trying again: check DRONE_RPC_PROTO, DRONE_RPC_HOST and DRONE_RPC_SECRET',
    );
  });
  return answered === true;
}

async function persist<T>(
  parts: StartParts,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
  failed: (error: unknown) => void,
): Promise<T | undefined> {
  const backoff = new Backoff(parts);
  while (!signal.aborted) {
    try {
      return await ask(signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      failed(error);
      await backoff.pause(signal).catch(() => undefined);
    }
  }
  return undefined;
}

import { type Clock, systemClock } from '@hangar/shared/clock';
import type { Environment } from '@hangar/shared/config';

/** What a long-running command gets of the process. */
export interface ProcessSide {
  readonly env: Environment;
  readonly clock: Clock;
  /** Aborted at the first SIGINT or SIGTERM; a second one half a second later ends the process at once. */
  readonly stop: AbortSignal;
}

/** The same signal often comes twice, from the terminal and from npm. */
const SAME_SIGNAL_MS = 500;
const SIGNALLED = 130;

/** Listens for signals from now on. */
export function processSide(env: Environment): ProcessSide {
  const clock = systemClock();
  const stop = new AbortController();
  let firstMs: number | undefined;
  const onSignal = (): void => {
    firstMs ??= clock.monotonicMs();
    if (stop.signal.aborted && clock.monotonicMs() - firstMs > SAME_SIGNAL_MS) process.exit(SIGNALLED);
    stop.abort(new Error('told to stop by a signal'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return { env, clock, stop: stop.signal };
}

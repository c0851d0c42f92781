import type { Clock } from '@hangar/shared/clock';

/** Calls whose response must not be lost may continue for this long after the hand-over has begun. */
export const GRACE_MS = 2_000;

/**
 * A signal that is aborted some time after the hand-over has begun, so that calls whose response must not be lost can complete. It is
 * aborted at once when the Lease is lost, because other replicas may act then. Close it when it is no longer needed.
 */
export function graceAfter(
  clock: Clock,
  { handOver, lost }: { readonly handOver: AbortSignal; readonly lost: AbortSignal },
  graceMs: number,
): { readonly signal: AbortSignal; close(): void } {
  const late = new AbortController();
  let cancelTimer = (): void => undefined;
  const begin = (): void => {
    cancelTimer = clock.after(graceMs, () => late.abort(handOver.reason));
  };
  if (handOver.aborted) begin();
  handOver.addEventListener('abort', begin, { once: true });
  return {
    signal: AbortSignal.any([late.signal, lost]),
    close: () => {
      cancelTimer();
      handOver.removeEventListener('abort', begin);
    },
  };
}

import type { Clock } from '@hangar/shared/clock';

/**
 * A signal that is aborted some time after the hand-over has begun, so that calls whose answer must not be lost can end; at once when the Lease
 * is lost, since others may act then. Close it when nothing waits for it any more.
 */
export function graceAfter(
  clock: Clock,
  { handOver, lost }: { readonly handOver: AbortSignal; readonly lost: AbortSignal },
  graceMs: number,
): { readonly signal: AbortSignal; close(): void } {
  const late = new AbortController();
  let callOff = (): void => undefined;
  const begin = (): void => {
    callOff = clock.after(graceMs, () => late.abort(handOver.reason));
  };
  if (handOver.aborted) begin();
  handOver.addEventListener('abort', begin, { once: true });
  return {
    signal: AbortSignal.any([late.signal, lost]),
    close: () => {
      callOff();
      handOver.removeEventListener('abort', begin);
    },
  };
}

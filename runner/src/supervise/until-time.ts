import type { Clock } from '@hangar/shared/clock';

/** Timers of this machine take 31 bits: 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls `act` once after any span, by the monotonic clock: the wall clock may jump. The returned function calls it off. */
export function untilTime(clock: Clock, spanMs: number, act: () => void): () => void {
  const dueMs = clock.monotonicMs() + spanMs;
  let callOff = (): void => undefined;
  const wait = (): void => {
    const leftMs = dueMs - clock.monotonicMs();
    if (leftMs <= 0) act();
    else callOff = clock.after(Math.min(Math.ceil(leftMs), LONGEST_TIMER_MS), wait);
  };
  callOff = clock.after(0, wait);
  return () => callOff();
}

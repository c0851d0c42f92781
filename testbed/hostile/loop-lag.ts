import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** The interval of the timer that the histogram measures. */
const RESOLUTION_MS = 1;
const TURN_MS = 5;

/** The longest time for which `work` blocks the event loop, in milliseconds. */
export async function loopLagMs(work: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  await sleep(TURN_MS);
  delay.enable();
  await sleep(TURN_MS);
  await work();
  await sleep(TURN_MS);
  delay.disable();
  return delay.max / 1e6;
}

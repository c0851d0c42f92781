import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The monitor looks this often; its own pause is part of what it measures. */
const RESOLUTION_MS = 10;
const NANOSECONDS = 1_000_000;

/** How late the event loop is. */
export interface EventLoopWatch {
  /** The 99th percentile of its delay since the last question, in milliseconds. */
  lagMs(): number;
  close(): void;
}

/** Begins to watch the event loop of this process. */
export function watchEventLoop(): EventLoopWatch {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  return {
    lagMs: () => {
      const p99Ms = delays.count > 0 ? delays.percentile(99) / NANOSECONDS : 0;
      delays.reset();
      return Math.max(0, p99Ms - RESOLUTION_MS);
    },
    close: () => delays.disable(),
  };
}

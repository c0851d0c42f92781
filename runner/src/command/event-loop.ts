import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Interval of the monitor, which is part of the measured delay. */
const RESOLUTION_MS = 10;
const NANOSECONDS = 1_000_000;

/** Measures the delay of the event loop. */
export interface EventLoopWatch {
  /** The 99th percentile of the delay since the last call, in milliseconds. */
  lagMs(): number;
  close(): void;
}

/** Starts monitoring the event loop of this process. */
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

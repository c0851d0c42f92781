import { uptime } from 'node:os';

/**
 * The only source of time in Hangar: wall clock for timestamps that people read, monotonic clock for durations, and abortable sleeps.
 * Tests use a clock that they advance (`@hangar/shared/testing/fake-clock`).
 */
export interface Clock {
  /** Wall clock in milliseconds since 1970; may jump. */
  now(): number;
  /** Monotonic milliseconds, including the time for which the machine was suspended; for durations and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once (without error) when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `act` once after `ms` (soon for 0 and less, never for Infinity); the returned function cancels it. */
  after(ms: number, act: () => void): () => void;
}

/** What the operating system's clocks say, in milliseconds. */
export interface SystemTime {
  /** Since the process began, without the time for which the machine was suspended. */
  runningMs(): number;
  /** Since the machine was booted, that time included; its resolution may be a second. Reads a file. */
  bootMs(): number;
  /** Since 1970; may jump, and does after the machine was suspended. */
  wallMs(): number;
}

const SYSTEM_TIME: SystemTime = {
  runningMs: () => performance.now(),
  bootMs: () => uptime() * 1_000,
  wallMs: () => new Date().getTime(),
};
/** Differences below this come from the resolution of the two clocks. */
const SUSPENDED_MS = 1_500;
/** The time since boot is read if the wall clock has moved by this against the running one, or this long after the last time. */
const MOVED_MS = 500;
const READ_INTERVAL_MS = 1_000;

/** The system clock. */
export function systemClock(): Clock {
  return {
    now: () => new Date().getTime(),
    monotonicMs: monotonicOf(SYSTEM_TIME),
    after: timerAfter,
    sleep: (ms, signal) => sleepOn(timerAfter, ms, signal),
  };
}

/** Milliseconds that never go back, and go on while the machine is suspended (Node's own monotonic clock stands still then). */
export function monotonicOf(time: SystemTime): () => number {
  const beganMs = time.bootMs() - time.runningMs();
  let suspendedMs = 0;
  let [readAtMs, readOffsetMs] = [Number.NEGATIVE_INFINITY, 0];
  return () => {
    const nowMs = time.runningMs();
    const offsetMs = time.wallMs() - nowMs;
    const isNew = nowMs - readAtMs < READ_INTERVAL_MS && Math.abs(offsetMs - readOffsetMs) < MOVED_MS;
    if (isNew) return nowMs + suspendedMs;
    [readAtMs, readOffsetMs] = [nowMs, offsetMs];
    const missingMs = time.bootMs() - nowMs - beganMs;
    if (missingMs - suspendedMs > SUSPENDED_MS) suspendedMs = missingMs;
    return nowMs + suspendedMs;
  };
}

/** Node's timers fire at once for delays longer than this (24.8 days), and a repository's timeout may be longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A timer that fires later than this was held up: the process did not run. */
const LATE_MS = 20;

function timerAfter(ms: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  let turn: NodeJS.Immediate | undefined;
  const arm = (leftMs: number): void => {
    const partMs = Math.min(Math.max(0, leftMs), LONGEST_TIMER_MS);
    const dueMs = performance.now() + partMs;
    const due = (): void => {
      // A process that was stopped wakes with late timers and with answers that are there already: the answers come first.
      if (performance.now() > dueMs + LATE_MS) turn = setImmediate(act);
      else act();
    };
    timer = setTimeout(() => (leftMs > partMs ? arm(leftMs - partMs) : due()), partMs);
  };
  arm(ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(turn);
  };
}

/** Implements sleep with `after` and a signal: shared by the real and the fake clock, so that both behave alike. */
export function sleepOn(after: Clock['after'], ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      callOff();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const callOff = after(ms, wake);
    signal?.addEventListener('abort', wake, { once: true });
  });
}

import Bottleneck from 'bottleneck';
import type { Clock } from './clock.ts';

/** Rate in calls per second, and burst, which idle time saves up. Both > 0. */
export interface RateLimitOptions {
  readonly perSecond: number;
  readonly burst: number;
}

/** `urgent` calls proceed before all waiting ones, such as the renewal of a Lease. */
export type Urgency = 'usual' | 'urgent';

/** After a 429 the rate is halved, down to this share at the least. */
const SLOWEST_SHARE = 1 / 16;
/** Refusals of calls that were in flight together count as one. */
const SAME_REFUSAL_MS = 1_000;
/** The rate doubles again after this long without a refusal. */
const RECOVERY_STEP_MS = 5_000;
const PRIORITY: Readonly<Record<Urgency, number>> = { urgent: 0, usual: 5 };

/**
 * Limits the rate of calls to a server that may respond 429. `enter` resolves when the call may proceed: at once while the burst lasts,
 * else
 * as tokens become available. `slowDown` handles a 429. Tokens are counted here, by the monotonic clock (bottleneck's own refill follows
 * the wall
 * clock with a resolution of 250 ms, and even a single call passes three timers); bottleneck keeps the waiting calls in order.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #options: RateLimitOptions;
  /** Tokens are added as they become due. No minimum time between calls: bottleneck would measure it by the wall clock, which may jump. */
  readonly #line = new Bottleneck({ reservoir: 0, minTime: Number.NEGATIVE_INFINITY });
  #tokens: number;
  #countedMs: number;
  #waiting = 0;
  #share = 1;
  #slowedMs = Number.NEGATIVE_INFINITY;
  #callOffDeal: (() => void) | undefined;
  #callOffRecovery = (): void => undefined;

  constructor(clock: Clock, options: RateLimitOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#tokens = this.#most();
    this.#countedMs = clock.monotonicMs();
  }

  /** Waits for a token; an aborted signal releases the call at once, since the call itself will then end. Its place in the queue stays. */
  enter(signal?: AbortSignal, urgency: Urgency = 'usual'): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    this.#count();
    if (this.#waiting === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      return Promise.resolve();
    }
    this.#waiting += 1;
    const turn = this.#line.schedule({ priority: PRIORITY[urgency] }, () => Promise.resolve());
    this.#dealLater();
    return signal ? turnOrAbort(turn, signal) : turn;
  }

  /** Reduces the rate after a 429. */
  slowDown(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#slowedMs >= SAME_REFUSAL_MS) {
      this.#slowedMs = nowMs;
      this.#setShare(Math.max(SLOWEST_SHARE, this.#share / 2));
    }
    this.#recoverLater();
  }

  /** Stops the timers; waiting calls are released. */
  close(): void {
    this.#callOffRecovery();
    this.#callOffDeal?.();
    this.#deal(this.#waiting);
  }

  /** Current share of the full rate; 1 = full rate. */
  get share(): number {
    return this.#share;
  }

  /** Number of waiting calls. */
  get waiting(): number {
    return this.#waiting;
  }

  #recoverLater(): void {
    this.#callOffRecovery();
    this.#callOffRecovery = this.#clock.after(RECOVERY_STEP_MS, () => {
      this.#setShare(Math.min(1, this.#share * 2));
      if (this.#share < 1) this.#recoverLater();
    });
  }

  #setShare(share: number): void {
    this.#count();
    this.#share = share;
    this.#tokens = Math.min(this.#tokens, this.#most());
    this.#callOffDeal?.();
    this.#callOffDeal = undefined;
    if (this.#waiting > 0) this.#dealLater();
  }

  #most(): number {
    return Math.max(1, this.#options.burst * this.#share);
  }

  #perMs(): number {
    return (this.#options.perSecond * this.#share) / 1000;
  }

  #count(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#most(), this.#tokens + (nowMs - this.#countedMs) * this.#perMs());
    this.#countedMs = nowMs;
  }

  #dealLater(): void {
    if (this.#callOffDeal) return;
    const dueMs = Math.max(1, Math.ceil((1 - this.#tokens) / this.#perMs()));
    this.#callOffDeal = this.#clock.after(dueMs, () => {
      this.#callOffDeal = undefined;
      this.#count();
      const due = Math.min(Math.floor(this.#tokens), this.#waiting);
      this.#tokens -= due;
      this.#deal(due);
      if (this.#waiting > 0) this.#dealLater();
    });
  }

  #deal(turns: number): void {
    this.#waiting -= turns;
    if (turns > 0) void this.#line.incrementReservoir(turns);
  }
}

function turnOrAbort(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = (): void => resolve();
    signal.addEventListener('abort', go, { once: true });
    turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', go));
  });
}

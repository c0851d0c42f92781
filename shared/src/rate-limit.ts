import Bottleneck from 'bottleneck';
import type { Clock } from './clock.ts';

/** How fast, in calls a second, with a burst that a quiet time saves up. */
export interface RateLimitOptions {
  readonly perSecond: number;
  readonly burst: number;
}

/** After a 429 the pace is halved, at most down to this share; it comes back by steps while nothing is refused. */
const SLOWEST_SHARE = 1 / 16;
const RECOVERY_STEP_MS = 5_000;

/**
 * Paces calls to a server that may push back. `enter` resolves when the call may go; `slowDown` is what a 429 says.
 * The pace returns by doubling every 5 s without another refusal.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #limiter: Bottleneck;
  readonly #options: RateLimitOptions;
  #share = 1;
  #recovering = false;

  constructor(clock: Clock, options: RateLimitOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#limiter = new Bottleneck(reservoir(options, 1));
  }

  /** Waits for a turn; an aborted signal lets it go at once, since the call itself will then end. */
  async enter(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const turn = this.#limiter.schedule(() => Promise.resolve());
    if (!signal) return turn;
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      turn.then(resolve, reject);
    });
  }

  /** The server asked for less. */
  slowDown(): void {
    this.#share = Math.max(SLOWEST_SHARE, this.#share / 2);
    this.#apply();
    this.#recoverLater();
  }

  /** Ends the timers behind it. */
  close(): void {
    this.#limiter.disconnect().catch(() => undefined);
  }

  /** 1 = full pace. */
  get share(): number {
    return this.#share;
  }

  #recoverLater(): void {
    if (this.#recovering) return;
    this.#recovering = true;
    this.#clock.after(RECOVERY_STEP_MS, () => {
      this.#recovering = false;
      this.#share = Math.min(1, this.#share * 2);
      this.#apply();
      if (this.#share < 1) this.#recoverLater();
    });
  }

  #apply(): void {
    this.#limiter.updateSettings(reservoir(this.#options, this.#share));
  }
}

/** Bottleneck refills a bucket at intervals: a tenth of a second's worth each 100 ms (its clock's grain is 250 ms at the least). */
function reservoir(options: RateLimitOptions, share: number): Bottleneck.ConstructorOptions {
  return {
    reservoir: Math.max(1, Math.floor(options.burst * share)),
    reservoirIncreaseInterval: 250,
    reservoirIncreaseAmount: Math.max(1, Math.round((options.perSecond * share) / 4)),
    reservoirIncreaseMaximum: Math.max(1, Math.floor(options.burst * share)),
  };
}

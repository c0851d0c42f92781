import type { Clock } from './clock.ts';

/** How patience grows. */
export interface BackoffTerms {
  /** Ceiling of the first pause, in milliseconds; > 0. */
  readonly firstMs: number;
  /** Ceiling that later pauses never pass, in milliseconds; ≥ firstMs. */
  readonly capMs: number;
}

/** 1 s doubling up to 30 s: what the Drone server and the Kubernetes API can both bear (drone-rpc §2.0). */
export const USUAL_BACKOFF: BackoffTerms = { firstMs: 1_000, capMs: 30_000 };

/**
 * Length of a pause: full jitter below a ceiling that doubles with each attempt. A tenth of the first ceiling is the least,
 * so that no luck with the dice makes a busy loop.
 *
 * @param attempt failures so far, from 0
 * @param random evenly spread over [0, 1)
 * @returns whole milliseconds, between `firstMs / 10` and `capMs`
 */
export function backoffMs(
  attempt: number,
  random: () => number,
  terms: BackoffTerms = USUAL_BACKOFF,
): number {
  const ceilingMs = Math.min(terms.capMs, terms.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(Math.max(terms.firstMs / 10, random() * ceilingMs));
}

/** Failures in a row and the pauses they earn; one object per thing that is tried again. */
export class Backoff {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #terms: BackoffTerms;
  #failures = 0;

  constructor(deps: { clock: Clock; random: () => number }, terms: BackoffTerms = USUAL_BACKOFF) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#terms = terms;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** After a success: the next failure starts from the beginning. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * Counts a failure and waits for what it earned, or longer where the other side asked for it.
   * Resolves early, without error, when `signal` is aborted.
   *
   * @param atLeastMs what the other side asked for (`Retry-After`), in milliseconds; 0 = nothing
   */
  async pause(signal?: AbortSignal, atLeastMs = 0): Promise<void> {
    const ms = Math.max(atLeastMs, backoffMs(this.#failures, this.#random, this.#terms));
    this.#failures += 1;
    await this.#clock.sleep(ms, signal);
  }
}

/** Longest wait that another side may ask of us: beyond it we try again on our own. */
const RETRY_AFTER_CAP_MS = 300_000;

/**
 * Reads a `Retry-After` header in both of its forms.
 *
 * @param value seconds or an HTTP date; anything else counts as nothing
 * @param nowMs wall clock, milliseconds since 1970
 * @returns milliseconds to wait, 0 to 300,000
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number {
  if (value === undefined || value.trim() === '') return 0;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(0, Math.ceil(ms)), RETRY_AFTER_CAP_MS) : 0;
}

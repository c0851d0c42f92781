import type { Clock } from '@hangar/shared/clock';

/** A clock is put right by less than this all the time. */
const JUMP_MS = 30_000;

/** Notices that the wall clock jumped, or that the machine slept: hours of the day and ages of Pods are not to be trusted at that moment. */
export class WallClock {
  readonly #clock: Clock;
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = this.#offset;
  }

  /** @returns by how much it jumped since the last call, in milliseconds; undefined: it didn't */
  jumped(): number | undefined {
    const jumpMs = this.#offset - this.#offsetMs;
    this.#offsetMs = this.#offset;
    return Math.abs(jumpMs) < JUMP_MS ? undefined : jumpMs;
  }

  get #offset(): number {
    return this.#clock.now() - this.#clock.monotonicMs();
  }
}

import type { Clock } from '@hangar/shared/clock';

/** Number of consecutive answers without such a row after which the stage is unknown, */
const MIN_ANSWERS = 3;
/** and the minimum time between the first and the last of them. */
const MIN_TIME_MS = 300_000;

/** Distinguishes a stage or step that the server doesn't know from an outage of its database, over several answers (drone-rpc §2.0). */
export class UnknownStageCheck {
  readonly #clock: Clock;
  readonly #ping: () => Promise<unknown>;
  #answers = 0;
  #sinceMs = 0;

  /** @param ping rejects if the server does not answer a call for which it needs no database */
  constructor(clock: Clock, ping: () => Promise<unknown>) {
    this.#clock = clock;
    this.#ping = ping;
  }

  /** @param saysNoRows whether the latest answer was that the database has no such row */
  async isCertain(saysNoRows: boolean): Promise<boolean> {
    if (!saysNoRows || !(await this.#isReachable())) {
      this.#answers = 0;
      return false;
    }
    if (this.#answers === 0) this.#sinceMs = this.#clock.monotonicMs();
    this.#answers += 1;
    return this.#answers >= MIN_ANSWERS && this.#clock.monotonicMs() - this.#sinceMs >= MIN_TIME_MS;
  }

  async #isReachable(): Promise<boolean> {
    try {
      await this.#ping();
      return true;
    } catch {
      return false;
    }
  }
}

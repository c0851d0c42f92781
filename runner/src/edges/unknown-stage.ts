import type { Clock } from '@hangar/shared/clock';
import type { Reading } from './drone-answer.ts';

/** The server's error for an unknown stage or step, with the same status as in an outage (drone-rpc §2.0). */
const NO_ROWS = 'sql: no rows in result set';
/** Number of consecutive such answers after which the stage is unknown, */
const MIN_ANSWERS = 3;
/** and the minimum time between the first and the last of them. */
const MIN_TIME_MS = 300_000;

/** Whether the server answers that it has no such row. */
export function saysNoRows(reading: Reading): boolean {
  return reading.kind === 'refused' && reading.status === 500 && reading.text === NO_ROWS;
}

/** Distinguishes a stage or step that the server doesn't know from an outage of its database, over the tries of one call. */
export class UnknownStageCheck {
  readonly #clock: Clock;
  readonly #ping: () => Promise<unknown>;
  #answers = 0;
  #sinceMs = 0;

  constructor(clock: Clock, ping: () => Promise<unknown>) {
    this.#clock = clock;
    this.#ping = ping;
  }

  /** @param reading of the latest try; undefined: no answer */
  async isCertain(reading: Reading | undefined): Promise<boolean> {
    if (!reading || !saysNoRows(reading) || !(await this.#isReachable())) {
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

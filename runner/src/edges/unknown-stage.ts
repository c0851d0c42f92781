import type { Clock } from '@hangar/shared/clock';
import type { Reading } from './drone-answer.ts';

/** The server says this of what it doesn't know, with the status of an outage (drone-rpc §2.0). */
const NO_ROWS = 'sql: no rows in result set';
/** It must say so as often, */
const TIMES = 3;
/** over as long a time, and nothing else meanwhile. */
const OVER_MS = 300_000;

/** Is it said that the server doesn't know this? */
export function saysNoRows(reading: Reading): boolean {
  return reading.kind === 'refused' && reading.status === 500 && reading.text === NO_ROWS;
}

/** Tells a stage or a step that the server doesn't know from a database that is in trouble, over the tries of one call. */
export class UnknownStage {
  readonly #clock: Clock;
  readonly #ping: () => Promise<unknown>;
  #times = 0;
  #sinceMs = 0;

  constructor(clock: Clock, ping: () => Promise<unknown>) {
    this.#clock = clock;
    this.#ping = ping;
  }

  /** @param reading of the latest try; undefined: no answer came */
  async isCertain(reading: Reading | undefined): Promise<boolean> {
    if (!reading || !saysNoRows(reading) || !(await this.#answersPings())) {
      this.#times = 0;
      return false;
    }
    if (this.#times === 0) this.#sinceMs = this.#clock.now();
    this.#times += 1;
    return this.#times >= TIMES && this.#clock.now() - this.#sinceMs >= OVER_MS;
  }

  async #answersPings(): Promise<boolean> {
    try {
      await this.#ping();
      return true;
    } catch {
      return false;
    }
  }
}

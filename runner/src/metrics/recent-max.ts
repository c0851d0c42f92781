import type { Clock } from '@hangar/shared/clock';

/** Two scrapers must not take each other's peaks away, so a peak is shown for a time and not until it is read. */
const WINDOW_MS = 30_000;

/** The largest of the values of the last 30 to 60 seconds; 0 when there was none. */
export class RecentMax {
  readonly #clock: Clock;
  #beganMs: number;
  #current = 0;
  #former = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganMs = clock.monotonicMs();
  }

  add(value: number): void {
    this.#turn();
    this.#current = Math.max(this.#current, value);
  }

  get value(): number {
    this.#turn();
    return Math.max(this.#current, this.#former);
  }

  #turn(): void {
    const windows = Math.floor((this.#clock.monotonicMs() - this.#beganMs) / WINDOW_MS);
    if (windows <= 0) return;
    this.#former = windows === 1 ? this.#current : 0;
    this.#current = 0;
    this.#beganMs += windows * WINDOW_MS;
  }
}

/** Delays between the starts of two watches: the minimum, the one before any duration is known, and the maximum. */
const SHORTEST_SPACING_MS = 500;
const FIRST_SPACING_MS = 2_000;
/** Maximum interval: even if the server holds watches for long, a broken one must be noticed soon, when the next one is due to end. */
const LONGEST_SPACING_MS = 5_000;

/** Measures how long watches last: the server's 30 s, or less with a proxy in between. The same for all builds. */
export class ObservedHold {
  #lastMs: number | undefined;

  /** Records that a watch ended after this time. */
  note(heldMs: number): void {
    this.#lastMs = heldMs;
  }

  /**
   * The delay between the starts of two watches, chosen so that they overlap.
   *
   * @param openForMs age of the oldest open watch: the only information until the first one has ended
   */
  spacingMs(openForMs: number): number {
    if (this.#lastMs === undefined) return within(FIRST_SPACING_MS, openForMs);
    return within(SHORTEST_SPACING_MS, this.#lastMs / 2);
  }
}

const within = (leastMs: number, ms: number): number => Math.min(LONGEST_SPACING_MS, Math.max(leastMs, ms));

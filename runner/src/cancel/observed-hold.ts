/** Without better knowledge, and at the closest. */
const SHORTEST_SPACING_MS = 500;
const FIRST_SPACING_MS = 2_000;
/** However long the server holds a watch, one that goes wrong must be missed soon: every so often another one is due to end. */
const LONGEST_SPACING_MS = 5_000;

/** How long watches really last, whatever ends them: 30 s by the server, less by what is in between. It is the same for all builds. */
export class ObservedHold {
  #lastMs: number | undefined;

  /** A watch ended after so long. */
  note(heldMs: number): void {
    this.#lastMs = heldMs;
  }

  /**
   * The next watch is opened so long after the former, so that they overlap.
   *
   * @param openForMs how long the oldest has been open: all that is known until the first has ended
   */
  spacingMs(openForMs: number): number {
    if (this.#lastMs === undefined) return within(FIRST_SPACING_MS, openForMs);
    return within(SHORTEST_SPACING_MS, this.#lastMs / 2);
  }
}

const within = (leastMs: number, ms: number): number => Math.min(LONGEST_SPACING_MS, Math.max(leastMs, ms));

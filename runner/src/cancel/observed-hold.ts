/** Delays between the starts of two watches: the minimum, the one before any duration is known, and the maximum while builds are few. */
const SHORTEST_SPACING_MS = 500;
const FIRST_SPACING_MS = 2_000;
/** Maximum interval: even if the server holds watches for long, a broken one must be noticed soon, when the next one is due to end. */
const LONGEST_SPACING_MS = 5_000;
/** Up to this number of builds, each has several watches open at once. With more builds the interval grows, so that connections stay few. */
const FEW_BUILDS = 50;
/** How long a Drone server holds a watch (drone-rpc §2.6). */
const USUAL_HOLD_MS = 30_000;
/** The least overlap of two watches of a build, however many builds there are. */
const LEAST_OVERLAP_MS = 5_000;
/** If nothing was certain for this long, the state is requested from the server. With the network delay a cancel takes effect within 10 s. */
const UNCERTAIN_MS = 8_000;
/** Errors of watches are ignored for this long after one was answered: a server that restarts ends all of them, whatever their age. */
const OUTAGE_MS = 60_000;

/** Measures how long watches last: the server's 30 s, or less with a proxy in between. The same for all builds. */
export class ObservedHold {
  readonly #builds: () => number;
  #lastMs: number | undefined;
  #answeredAtMs = Number.NEGATIVE_INFINITY;

  /** @param builds how many builds are watched */
  constructor(builds: () => number) {
    this.#builds = builds;
  }

  /** Records that a watch was answered after this time. */
  answered(heldMs: number, nowMs: number): void {
    this.#lastMs = heldMs;
    this.#answeredAtMs = nowMs;
  }

  /** Records that a watch ended with an error after this time. */
  failed(heldMs: number, nowMs: number): void {
    if (nowMs - this.#answeredAtMs >= OUTAGE_MS) this.#lastMs = heldMs;
  }

  /**
   * The delay between the starts of two watches of a build, chosen so that they overlap.
   *
   * @param openForMs age of the oldest open watch: the only information until the first one has ended
   */
  spacingMs(openForMs: number): number {
    const usual =
      this.#lastMs === undefined
        ? within(FIRST_SPACING_MS, openForMs)
        : within(SHORTEST_SPACING_MS, this.#lastMs / 2);
    return Math.max(usual, this.#spacingOfManyMs());
  }

  /**
   * How long the state of a build may be uncertain before it is requested. Watches of many builds end one at a time, but together they show
   * at any time whether the server answers them.
   */
  uncertainLimitMs(nowMs: number): number {
    const areAnswered = nowMs - this.#answeredAtMs < UNCERTAIN_MS;
    return areAnswered ? Math.max(UNCERTAIN_MS, this.#spacingOfManyMs() + LEAST_OVERLAP_MS) : UNCERTAIN_MS;
  }

  /** The delay that many builds need, so that connections stay few; 0: builds are few. */
  #spacingOfManyMs(): number {
    const builds = this.#builds();
    if (builds <= FEW_BUILDS) return 0;
    const longestMs = (this.#lastMs ?? USUAL_HOLD_MS) - LEAST_OVERLAP_MS;
    return Math.min((LONGEST_SPACING_MS * builds) / FEW_BUILDS, longestMs);
  }
}

const within = (leastMs: number, ms: number): number => Math.min(LONGEST_SPACING_MS, Math.max(leastMs, ms));

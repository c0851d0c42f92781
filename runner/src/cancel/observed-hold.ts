/** Delays between the starts of two watches: the minimum, the one before any duration is known, and the maximum while builds are few. */
const SHORTEST_SPACING_MS = 500;
const FIRST_SPACING_MS = 2_000;
/** Maximum interval: even if the server holds watches for long, a broken one must be noticed soon, when the next one is due to end. */
const LONGEST_SPACING_MS = 5_000;
/** Each of so many builds has several watches open at once. With more builds the interval grows, so that connections stay few. */
const FEW_BUILDS = 50;
/** How long a Drone server holds a watch (drone-rpc §2.6). */
const USUAL_HOLD_MS = 30_000;
/** The least overlap of two watches of a build, however many builds there are. */
const LEAST_OVERLAP_MS = 5_000;
/**
 * If nothing was certain for this long, the state is requested from the server. With the network delay a cancel takes effect within 10 s.
 */
const UNCERTAIN_MS = 8_000;

/** Measures how long watches last: the server's 30 s, or less with a proxy in between. The same for all builds. */
export class ObservedHold {
  readonly #builds: () => number;
  #lastMs: number | undefined;
  #provedMs = Number.NEGATIVE_INFINITY;

  /** @param builds how many builds are watched */
  constructor(builds: () => number) {
    this.#builds = builds;
  }

  /** Records that a watch ended after this time. */
  note(heldMs: number): void {
    this.#lastMs = heldMs;
  }

  /** Records that a watch was answered: the server is reached. */
  proved(nowMs: number): void {
    this.#provedMs = nowMs;
  }

  /**
   * The delay between the starts of two watches of a build, chosen so that they overlap.
   *
   * @param openForMs age of the oldest open watch: the only information until the first one has ended
   */
  spacingMs(openForMs: number): number {
    const isKnown = this.#lastMs !== undefined;
    const usual = isKnown
      ? within(SHORTEST_SPACING_MS, (this.#lastMs ?? 0) / 2)
      : within(FIRST_SPACING_MS, openForMs);
    return Math.max(usual, this.#longestMs());
  }

  /**
   * How long the state of a build may be uncertain before it is requested. Watches of many builds end one at a time, but together they show
   * at any time whether the server answers them.
   */
  patienceMs(nowMs: number): number {
    const isReached = nowMs - this.#provedMs < UNCERTAIN_MS;
    return isReached ? Math.max(UNCERTAIN_MS, this.#longestMs() + LEAST_OVERLAP_MS) : UNCERTAIN_MS;
  }

  /** With many builds; 0 with few. */
  #longestMs(): number {
    if (this.#builds() <= FEW_BUILDS) return 0;
    const shared = (LONGEST_SPACING_MS * this.#builds()) / FEW_BUILDS;
    return Math.min(shared, (this.#lastMs ?? USUAL_HOLD_MS) - LEAST_OVERLAP_MS);
  }
}

const within = (leastMs: number, ms: number): number => Math.min(LONGEST_SPACING_MS, Math.max(leastMs, ms));

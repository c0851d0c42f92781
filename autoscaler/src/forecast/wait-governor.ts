/** Waits above the objective that are borne: a little under the 5 % that p95 allows. */
const BORNE_SHARE = 0.048;
/** A step for each build: small, because builds wait in clusters; ten times it swings from day to day and costs 3 % more nodes. */
const STEP = 0.00007;
const RANGE = { least: -0.6, most: 2 } as const;

/**
 * Holds the buffer to what it is for: when more builds than borne waited longer than the objective, the margin grows, in
 * standard deviations of demand; when fewer did, it shrinks. A forecast can be right about demand and still miss the objective,
 * because builds come when demand is high.
 */
export class WaitGovernor {
  readonly #objectiveSeconds: number;
  #read = 0;
  #margin = 0;

  /** @param objectiveSeconds the p95 wait that is aimed at */
  constructor(objectiveSeconds: number) {
    this.#objectiveSeconds = objectiveSeconds;
  }

  /** Takes in the waits since the last call. @param waits of all builds that found a node so far; it only grows */
  learn(waits: readonly number[]): void {
    for (; this.#read < waits.length; this.#read += 1) {
      const late = (waits[this.#read] ?? 0) > this.#objectiveSeconds ? 1 : 0;
      this.#margin += STEP * (late - BORNE_SHARE);
      this.#margin = Math.min(RANGE.most, Math.max(RANGE.least, this.#margin));
    }
  }

  /** To be added to the factor on the forecast's spread. */
  get margin(): number {
    return this.#margin;
  }
}

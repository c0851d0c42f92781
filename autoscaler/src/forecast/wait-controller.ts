/** Waits above the objective that are borne: a little under the 5 % that p95 allows. */
const BORNE_SHARE = 0.048;
/** A step for each build: small, because builds wait in clusters, and a larger one swings from day to day. */
const STEP = 0.0002;
const RANGE = { least: -1.2, most: 2 } as const;

/**
 * Holds the buffer to what it is for: when more builds than borne waited longer than the objective, the margin grows, in
 * standard deviations of demand; when fewer did, it shrinks. A forecast can be right about demand and still miss the objective,
 * because builds come when demand is high.
 */
export class WaitGovernor {
  readonly #objectiveSeconds: number;
  #margin = 0;

  /** @param objectiveSeconds the p95 wait that is aimed at */
  constructor(objectiveSeconds: number) {
    this.#objectiveSeconds = objectiveSeconds;
  }

  /**
   * @param waits in seconds, of the builds that found a node since the last call
   * @param share of the objective that they are held to, 0 to 1
   */
  learn(waits: readonly number[], share: number): void {
    for (const wait of waits) {
      const late = wait > this.#objectiveSeconds * share ? 1 : 0;
      this.#margin += STEP * (late - BORNE_SHARE);
      this.#margin = Math.min(RANGE.most, Math.max(RANGE.least, this.#margin));
    }
  }

  /** To be added to the factor on the forecast's spread. */
  get margin(): number {
    return this.#margin;
  }
}

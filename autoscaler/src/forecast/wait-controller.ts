/** Share of waits that may exceed the objective: a little under the 5 % that p95 allows. */
const ALLOWED_SHARE = 0.048;
/** A step for each build: small, because builds wait in clusters, and a larger one swings from day to day. */
const STEP = 0.0002;
const RANGE = { least: -1.2, most: 2 } as const;

/**
 * Adjusts the buffer to the observed waits: when more builds than allowed waited longer than the objective, the margin grows, in
 * standard deviations of demand; when fewer did, it shrinks. A forecast can be right about demand and still miss the objective,
 * because builds arrive when demand is high.
 */
export class WaitController {
  readonly #objectiveSeconds: number;
  #margin = 0;

  /** @param objectiveSeconds the target p95 wait */
  constructor(objectiveSeconds: number) {
    this.#objectiveSeconds = objectiveSeconds;
  }

  /**
   * @param waits in seconds, of the builds that were bound to a node since the last call
   * @param share part of the objective that is the limit, 0 to 1
   */
  learn(waits: readonly number[], share: number): void {
    for (const wait of waits) {
      const late = wait > this.#objectiveSeconds * share ? 1 : 0;
      this.#margin += STEP * (late - ALLOWED_SHARE);
      this.#margin = Math.min(RANGE.most, Math.max(RANGE.least, this.#margin));
    }
  }

  /** Added to the factor on the forecast's spread. */
  get margin(): number {
    return this.#margin;
  }
}

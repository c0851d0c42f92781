/** Share of waits that may exceed the objective: a little under the 5 % that p95 allows. */
const ALLOWED_SHARE = 0.048;
/** How the margin follows the waits. */
export interface Correction {
  /** Of each build. */
  readonly step: number;
  readonly least: number;
  readonly most: number;
}

/** Small steps, because builds wait in clusters, and a larger one swings from day to day. */
const OF_SPREAD: Correction = { step: 0.0002, least: -1.2, most: 2 };

/**
 * Adjusts the buffer to the observed waits: when more builds than allowed waited longer than the objective, the margin grows; when
 * fewer did, it shrinks. A forecast can be right about demand and still miss the objective, because builds arrive when demand is high.
 * Where the margin is between its limits, the share of late builds approaches what is allowed, whatever the loads are.
 *
 * @see Gibbs and Candès, Adaptive Conformal Inference Under Distribution Shift (2021)
 */
export class WaitController {
  readonly #objectiveSeconds: number;
  readonly #correction: Correction;
  #margin = 0;

  /** @param objectiveSeconds the target p95 wait @param correction by default in standard deviations of demand */
  constructor(objectiveSeconds: number, correction = OF_SPREAD) {
    this.#objectiveSeconds = objectiveSeconds;
    this.#correction = correction;
  }

  /**
   * @param waits in seconds, of the builds that were bound to a node since the last call
   * @param share part of the objective that is the limit, 0 to 1
   */
  learn(waits: readonly number[], share: number): void {
    const { step, least, most } = this.#correction;
    for (const wait of waits) {
      const late = wait > this.#objectiveSeconds * share ? 1 : 0;
      this.#margin += step * (late - ALLOWED_SHARE);
      this.#margin = Math.min(most, Math.max(least, this.#margin));
    }
  }

  get margin(): number {
    return this.#margin;
  }
}

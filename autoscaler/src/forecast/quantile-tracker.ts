/** The step falls: coarse while little is known, finer later, but never so small that the tracker stops following. */
const FIRST_STEP = 0.2;
const LEAST_STEP = 0.01;

/**
 * Tracks one quantile of a stream: moves up by `share` when a value is above, and down by the rest when below. Over time the wanted
 * share of values is below, whatever their distribution, also when it changes.
 *
 * @see Gibbs and Candès, Adaptive Conformal Inference Under Distribution Shift (2021)
 */
export class QuantileTracker {
  #value: number;
  #seen = 0;
  readonly #share: number;

  /** @param share in (0, 1) @param first the initial value */
  constructor(share: number, first: number) {
    this.#share = share;
    this.#value = first;
  }

  get value(): number {
    return this.#value;
  }

  saw(value: number): void {
    this.#seen += 1;
    const step = Math.max(LEAST_STEP, FIRST_STEP / Math.sqrt(this.#seen));
    this.#value += step * (value > this.#value ? this.#share : this.#share - 1);
  }
}

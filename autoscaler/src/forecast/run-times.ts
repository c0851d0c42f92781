/** Bins of run times: a twelfth of a doubling each, from one second to days. */
const BINS_PER_DOUBLING = 12;
const BINS = 220;
/** What a run time still weighs after so many later ones: builds change slowly. */
const MEMORY_RUNS = 50_000;
/** Until so many builds have ended, their survivors are unknown: nobody is expected to leave. */
const LEAST_RUNS = 50;

const binOf = (seconds: number): number =>
  Math.max(0, Math.min(BINS - 1, Math.floor(Math.log2(Math.max(1, seconds)) * BINS_PER_DOUBLING)));

/** How long builds run, as learned from those that ended: who is likely to leave soon. */
export class RunTimes {
  readonly #counts = new Float64Array(BINS);
  readonly #survivors = new Float64Array(BINS + 1);
  #weight = 1;
  #runs = 0;
  #stale = true;

  /** One build ended after so many seconds. */
  ended(seconds: number): void {
    // Growing weights instead of decaying counts: the same proportions, without touching all bins each time.
    this.#weight *= 1 + 1 / MEMORY_RUNS;
    const bin = binOf(seconds);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + this.#weight;
    this.#runs += 1;
    this.#stale = true;
    if (this.#weight > 1e12) this.#rescale();
  }

  #rescale(): void {
    for (let bin = 0; bin < BINS; bin += 1) this.#counts[bin] = (this.#counts[bin] ?? 0) / this.#weight;
    this.#weight = 1;
  }

  /** Chance that a build that has run for `ageSeconds` ends within the next `withinSeconds`; 0 when too little is known. */
  chanceOfEnd(ageSeconds: number, withinSeconds: number): number {
    if (this.#runs < LEAST_RUNS) return 0;
    if (this.#stale) this.#sum();
    const still = this.#surviving(ageSeconds);
    return still <= 0 ? 0 : 1 - this.#surviving(ageSeconds + withinSeconds) / still;
  }

  #sum(): void {
    for (let bin = BINS - 1; bin >= 0; bin -= 1) {
      this.#survivors[bin] = (this.#survivors[bin + 1] ?? 0) + (this.#counts[bin] ?? 0);
    }
    this.#stale = false;
  }

  /** Weight of builds that run longer than this, straight between the borders of bins. */
  #surviving(seconds: number): number {
    const place = Math.min(BINS - 1, Math.log2(Math.max(1, seconds)) * BINS_PER_DOUBLING);
    const bin = Math.floor(place);
    const [from = 0, to = 0] = [this.#survivors[bin], this.#survivors[bin + 1]];
    return from + (to - from) * (place - bin);
  }
}

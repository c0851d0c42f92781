/** Bins of run times: a twelfth of a doubling each, from one second to days. */
const BINS_PER_DOUBLING = 12;
const BINS = 220;
/** Decay of the weight of a run time, in later runs: builds change slowly. */
const MEMORY_RUNS = 50_000;
/** The chances are recomputed after this many ends: a single end hardly changes them. */
const ENDS_PER_COUNT = 100;
/** With fewer ended builds than this, survival is unknown: no build is expected to end. */
const LEAST_RUNS = 50;

/** Where a time lies among the bins: its bin, and how far it is in it. */
const placeOf = (seconds: number): number =>
  Math.min(BINS - 1, Math.log2(Math.max(1, seconds)) * BINS_PER_DOUBLING);

const binOf = (seconds: number): number => Math.floor(placeOf(seconds));

/** The number of builds of each age, in the bins of {@link RunTimes.chancesOfEnd}. */
export function countByAge(
  builds: readonly { readonly startedAt: number }[],
  nowSeconds: number,
): Float64Array {
  const counts = new Float64Array(BINS);
  for (const { startedAt } of builds) {
    const bin = binOf(nowSeconds - startedAt);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** How long builds run, learned from those that ended: which ones are likely to end soon. */
export class RunTimes {
  readonly #counts = new Float64Array(BINS);
  readonly #survivors = new Float64Array(BINS + 1);
  /** By bin of the age: the bin in which half of the builds that reach the age are left. Where the search for the median begins. */
  readonly #halves = new Uint8Array(BINS);
  #weight = 1;
  #runs = 0;
  #endsSinceCount = ENDS_PER_COUNT;
  readonly #chances = new Map<number, Float64Array>();

  /** One build ended after this time. */
  ended(seconds: number): void {
    // Weights grow instead of counts decaying: the proportions are the same, without an update of all bins each time.
    this.#weight *= 1 + 1 / MEMORY_RUNS;
    const bin = binOf(seconds);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + this.#weight;
    this.#runs += 1;
    this.#endsSinceCount += 1;
    if (this.#weight > 1e12) this.#rescale();
  }

  /** Enough builds have ended. */
  get isKnown(): boolean {
    return this.#runs >= LEAST_RUNS;
  }

  #rescale(): void {
    for (let bin = 0; bin < BINS; bin += 1) this.#counts[bin] = (this.#counts[bin] ?? 0) / this.#weight;
    this.#weight = 1;
  }

  /** The probability that a build that has run for `ageSeconds` ends within the next `withinSeconds`; 0 when too little is known. */
  chanceOfEnd(ageSeconds: number, withinSeconds: number): number {
    if (!this.isKnown) return 0;
    this.#countAnew();
    const still = this.#surviving(ageSeconds);
    return still <= 0 ? 0 : 1 - this.#surviving(ageSeconds + withinSeconds) / still;
  }

  /** The time after which half of the builds of this age have ended; 0 when too little is known. */
  medianRest(ageSeconds: number): number {
    if (!this.isKnown) return 0;
    this.#countAnew();
    const place = placeOf(ageSeconds);
    const half = this.#survivingAt(place) / 2;
    let low = this.#halves[Math.floor(place)] ?? 0;
    while ((this.#survivors[low + 1] ?? 0) > half) low += 1;
    const [from = 0, to = 0] = [this.#survivors[low], this.#survivors[low + 1]];
    const end = low + (from > to ? Math.max(0, (from - half) / (from - to)) : 0);
    return Math.max(0, 2 ** (end / BINS_PER_DOUBLING) - ageSeconds);
  }

  /** The same probability for every bin of ages ({@link countByAge}), computed once for all builds. */
  chancesOfEnd(withinSeconds: number): Float64Array {
    this.#countAnew();
    const known = this.#chances.get(withinSeconds);
    if (known !== undefined) return known;
    const ages = Float64Array.from({ length: BINS }, (_, bin) => 2 ** ((bin + 0.5) / BINS_PER_DOUBLING));
    const chances = ages.map((age) => this.chanceOfEnd(age, withinSeconds));
    this.#chances.set(withinSeconds, chances);
    return chances;
  }

  #countAnew(): void {
    if (this.#endsSinceCount < ENDS_PER_COUNT) return;
    this.#endsSinceCount = 0;
    this.#chances.clear();
    for (let bin = BINS - 1; bin >= 0; bin -= 1) {
      this.#survivors[bin] = (this.#survivors[bin + 1] ?? 0) + (this.#counts[bin] ?? 0);
    }
    let low = 0;
    for (const [bin, surviving] of this.#survivors.subarray(0, BINS).entries()) {
      low = Math.max(low, bin);
      while ((this.#survivors[low + 1] ?? 0) > surviving / 2) low += 1;
      this.#halves[bin] = low;
    }
  }

  #surviving(seconds: number): number {
    return this.#survivingAt(placeOf(seconds));
  }

  /** Weight of builds that run longer than this, interpolated linearly between the borders of bins. */
  #survivingAt(place: number): number {
    const bin = Math.floor(place);
    const [from = 0, to = 0] = [this.#survivors[bin], this.#survivors[bin + 1]];
    return from + (to - from) * (place - bin);
  }
}

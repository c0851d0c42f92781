/** One answer to be judged when its lead time is over. */
interface Pending<Note> {
  readonly at: number;
  readonly demand: number;
  readonly note: Note;
}

/** What came of an answer. */
export interface Judged<Note> {
  readonly at: number;
  readonly note: Note;
  /** The most that demand rose above its value at that time, within the lead time; ≥ 0. */
  readonly risePods: number;
}

/**
 * Keeps answers until their lead time is over and says what came. The rise is the largest seen at any tick of the lead time.
 */
export class BackTest<Note> {
  readonly #leadSeconds: number;
  readonly #pending: Pending<Note>[] = [];
  #head = 0;
  /** Ticks of the lead time whose demand no later tick reached, falling. */
  readonly #peaks: { at: number; demand: number }[] = [];

  constructor(leadSeconds: number) {
    this.#leadSeconds = leadSeconds;
  }

  /** Notes an answer and the demand at its time. @returns answers whose lead time is over now, oldest first */
  note(at: number, demand: number, note: Note): readonly Judged<Note>[] {
    while ((this.#peaks.at(-1)?.demand ?? Infinity) <= demand) this.#peaks.pop();
    this.#peaks.push({ at, demand });
    const judged: Judged<Note>[] = [];
    for (let first = this.#pending[this.#head]; first !== undefined; first = this.#pending[this.#head]) {
      if (first.at + this.#leadSeconds > at) break;
      while ((this.#peaks[0]?.at ?? Infinity) < first.at) this.#peaks.shift();
      const peak = this.#peaks[0]?.demand ?? demand;
      judged.push({ at: first.at, note: first.note, risePods: Math.max(0, peak - first.demand) });
      this.#head += 1;
    }
    this.#pending.push({ at, demand, note });
    this.#cut();
    return judged;
  }

  #cut(): void {
    if (this.#head < 1024) return;
    this.#pending.splice(0, this.#head);
    this.#head = 0;
  }
}

/** Loss of a quantile forecast: too little costs `share`, too much the rest, each Pod. */
export const pinballLoss = (share: number, foretold: number, came: number): number =>
  came > foretold ? share * (came - foretold) : (1 - share) * (foretold - came);

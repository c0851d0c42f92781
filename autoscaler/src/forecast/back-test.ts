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
    this.#pending.push({ at, demand, note });
    const judged: Judged<Note>[] = [];
    for (let due = this.#due(at); due !== undefined; due = this.#due(at)) {
      judged.push(this.#judge(due, demand));
      this.#head += 1;
    }
    this.#cut();
    return judged;
  }

  #due(now: number): Pending<Note> | undefined {
    const first = this.#pending[this.#head];
    return first !== undefined && first.at + this.#leadSeconds <= now ? first : undefined;
  }

  #judge({ at, demand, note }: Pending<Note>, demandNow: number): Judged<Note> {
    while ((this.#peaks[0]?.at ?? Infinity) < at) this.#peaks.shift();
    const peak = this.#peaks[0]?.demand ?? demandNow;
    return { at, note, risePods: Math.max(0, peak - demand) };
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

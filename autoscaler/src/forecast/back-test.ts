/** A forecast that is judged at the end of its lead time. */
interface Pending<Note> {
  readonly at: number;
  readonly demand: number;
  readonly note: Note;
}

/** A forecast and the observed outcome. */
export interface ForecastOutcome<Note> {
  readonly at: number;
  readonly note: Note;
  /** The largest rise of demand above its value at that time, within the lead time; ≥ 0. */
  readonly risePods: number;
}

/**
 * Keeps forecasts until their lead time is over and returns the outcome. The rise is the largest seen at any tick of the lead time.
 */
export class BackTest<Note> {
  readonly #leadSeconds: number;
  readonly #pending: Pending<Note>[] = [];
  #head = 0;
  /** Ticks of the lead time whose demand no later tick reached, in falling order. */
  readonly #peaks: { at: number; demand: number }[] = [];

  constructor(leadSeconds: number) {
    this.#leadSeconds = leadSeconds;
  }

  /** Records a forecast and the demand at its time. @returns forecasts whose lead time is over now, oldest first */
  note(at: number, demand: number, note: Note): readonly ForecastOutcome<Note>[] {
    while ((this.#peaks.at(-1)?.demand ?? Infinity) <= demand) this.#peaks.pop();
    this.#peaks.push({ at, demand });
    this.#pending.push({ at, demand, note });
    const judged: ForecastOutcome<Note>[] = [];
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

  #judge({ at, demand, note }: Pending<Note>, demandNow: number): ForecastOutcome<Note> {
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

/** Loss of a quantile forecast: each missing Pod costs `share`, each surplus Pod the rest. */
export const pinballLoss = (share: number, forecast: number, actual: number): number =>
  actual > forecast ? share * (actual - forecast) : (1 - share) * (forecast - actual);

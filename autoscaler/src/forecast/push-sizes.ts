import { PUSH_SIZE } from '../capacity/pushes.ts';
import type { DailyPeak } from './daily-peaks.ts';

const DAY = 86_400;
/** Pushes that are remembered. */
const MEMORY = 2000;
/** Larger pushes count as this large. */
const LARGEST = 1000;

interface Push {
  readonly minute: number;
  readonly size: number;
}

/** How many builds a push brings, from the last pushes outside the peaks; one push of the usual size is assumed at first. */
export class PushSizes {
  readonly #pushes: Push[] = [{ minute: -1, size: PUSH_SIZE }];
  #counted:
    | { readonly peaks: readonly DailyPeak[]; readonly at: number; readonly chances: Float64Array }
    | undefined;
  #sum = PUSH_SIZE;
  #added = 0;

  /** Of all remembered pushes. */
  get mean(): number {
    return this.#sum / this.#pushes.length;
  }

  pushed(atSeconds: number, size: number): void {
    const push = { minute: Math.floor((atSeconds % DAY) / 60), size: Math.min(LARGEST, size) };
    this.#pushes.push(push);
    this.#sum += push.size;
    this.#added += 1;
    if (this.#pushes.length > MEMORY) this.#sum -= this.#pushes.shift()?.size ?? 0;
  }

  /** The chance of each size. */
  chances(peaks: readonly DailyPeak[]): Float64Array {
    const known = this.#counted;
    // A few more pushes of two thousand change nothing.
    if (known !== undefined && known.peaks === peaks && this.#added - known.at <= this.#pushes.length / 50)
      return known.chances;
    const chances = this.#count(new Set(peaks.map(({ minute }) => minute)));
    this.#counted = { peaks, at: this.#added, chances };
    return chances;
  }

  #count(scheduled: ReadonlySet<number>): Float64Array {
    const usual = this.#pushes.filter(({ minute }) => !scheduled.has(minute));
    const counts = new Float64Array(usual.reduce((most, { size }) => Math.max(most, size), PUSH_SIZE) + 1);
    if (usual.length === 0) counts[PUSH_SIZE] = 1;
    for (const { size } of usual) counts[size] = (counts[size] ?? 0) + 1 / usual.length;
    return counts;
  }
}

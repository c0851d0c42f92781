import { PUSH_SECONDS } from '../capacity/pushes.ts';
import type { DemandView } from './buffer-rule.ts';
import type { Changes } from './demand-chances.ts';
import { PushCounts } from './push-counts.ts';
import { PushSizes } from './push-sizes.ts';
import { RecentActivity } from './recent-activity.ts';
import { countByAge, RunTimes } from './run-times.ts';

const DAY = 86_400;
/** A scheduled push that is later than it ever was may still come for so long. */
const LATE_SECONDS = 30;
/** Learning rate per tick of the share of arrivals known in advance: half of it in about an hour. */
const KNOWN_STEP = 0.002;

/** What pushes do in the coming time. */
export class PushForecast {
  readonly #leadSeconds: number;
  readonly #counts = new PushCounts();
  readonly #activity: RecentActivity;
  readonly #sizes = new PushSizes();
  readonly #runTimes = new RunTimes();
  #lastAt: number | undefined;
  #open: { readonly at: number; lastAt: number; size: number } | undefined;
  readonly #arrivedPeaks = new Map<number, number>();
  #ages:
    | {
        readonly view: DemandView;
        readonly ages: readonly { readonly bin: number; readonly count: number }[];
      }
    | undefined;
  #knownMean = 0;
  #arrivalsMean = 0;

  constructor(leadSeconds: number) {
    this.#leadSeconds = leadSeconds;
    this.#activity = new RecentActivity(leadSeconds);
  }

  learn(view: DemandView): void {
    const { nowSeconds } = view;
    const from = this.#lastAt ?? nowSeconds;
    this.#counts.advance(nowSeconds);
    let pushes = 0;
    for (const at of view.arrivals) pushes += this.#arrived(at) ? 1 : 0;
    this.#closePush(nowSeconds);
    for (const seconds of view.finishedSeconds) this.#runTimes.ended(seconds);
    this.#activity.passed(nowSeconds - from, pushes, this.#counts.expected(from, nowSeconds));
    const usual = this.#counts.expected(nowSeconds, nowSeconds + this.#leadSeconds);
    this.#activity.judge(nowSeconds, usual);
    this.#knownMean += (view.knownAhead - this.#knownMean) * KNOWN_STEP;
    this.#arrivalsMean += (usual * this.#sizes.mean - this.#arrivalsMean) * KNOWN_STEP;
    this.#lastAt = nowSeconds;
  }

  /** @returns whether a new push began that no peak explains */
  #arrived(at: number): boolean {
    if (this.#open !== undefined && at - this.#open.lastAt <= PUSH_SECONDS) {
      this.#open.size += 1;
      this.#open.lastAt = at;
      return false;
    }
    this.#closePush(Infinity);
    this.#open = { at, lastAt: at, size: 1 };
    const minute = Math.floor((at % DAY) / 60);
    if (!this.#counts.peaks(at).some((peak) => peak.minute === minute)) return true;
    this.#arrivedPeaks.set(minute, Math.floor(at / DAY));
    return false;
  }

  #closePush(nowSeconds: number): void {
    if (this.#open === undefined || nowSeconds - this.#open.lastAt <= PUSH_SECONDS) return;
    const { at, size } = this.#open;
    this.#counts.pushed(at, size);
    this.#sizes.pushed(at, size);
    this.#open = undefined;
  }

  /** What changes demand within so many seconds. */
  changes(view: DemandView, withinSeconds: number): Changes {
    const { nowSeconds } = view;
    const { mean, shape } = this.#activity.factor;
    const near = Math.min(withinSeconds, this.#leadSeconds);
    const unknown = this.#unknownShare;
    const expect = (seconds: number): number => this.#counts.expected(nowSeconds, nowSeconds + seconds);
    const usual = expect(withinSeconds) - expect(near) * (1 - unknown);
    const early = this.#runTimes.chanceOfEnd(0, withinSeconds / 2);
    const chances = this.#runTimes.chancesOfEnd(withinSeconds);
    const leaving = this.#agesOf(view).map(({ bin, count }) => ({ count, chance: chances[bin] ?? 0 }));
    const peaks = this.#counts.peaks(nowSeconds);
    return {
      pushes: { mean: usual * mean * (1 - early), shape },
      sizes: this.#sizes.chances(peaks),
      singles: this.#coming(nowSeconds, withinSeconds),
      known: Math.round(view.knownAhead * Math.min(1, withinSeconds / this.#leadSeconds)),
      leaving,
    };
  }

  #agesOf(view: DemandView): readonly { readonly bin: number; readonly count: number }[] {
    if (this.#ages?.view === view) return this.#ages.ages;
    const ages: { bin: number; count: number }[] = [];
    if (view.running.length > 0)
      countByAge(view.running, view.nowSeconds).forEach((count, bin) => {
        if (count > 0) ages.push({ bin, count });
      });
    this.#ages = { view, ages };
    return ages;
  }

  /** The share of arrivals that are not announced, 0 to 1. */
  get #unknownShare(): number {
    return this.#arrivalsMean <= 0 ? 1 : Math.max(0, 1 - this.#knownMean / this.#arrivalsMean);
  }

  #coming(nowSeconds: number, withinSeconds: number): Changes['singles'] {
    const today = Math.floor(nowSeconds / DAY);
    return [today, today + 1].flatMap((day) =>
      this.#counts.peaks(day * DAY).filter(({ minute, earliestSecond, latestSecond }) => {
        if (this.#arrivedPeaks.get(minute) === day) return false;
        const begins = day * DAY + earliestSecond;
        return begins <= nowSeconds + withinSeconds && nowSeconds <= day * DAY + latestSecond + LATE_SECONDS;
      }),
    );
  }
}

import { PUSH_SECONDS } from '../capacity/pushes.ts';
import type { DemandView } from './buffer-rule.ts';
import type { Calendar } from './calendar.ts';
import type { Changes, SinglePush } from './demand-chances.ts';
import { NamedRunTimes } from './named-run-times.ts';
import { PushCounts } from './push-counts.ts';
import { PushSizes } from './push-sizes.ts';
import { RecentActivity } from './recent-activity.ts';

const DAY = 86_400;
/** A scheduled push that is later than it ever was may still come for so long. */
const LATE_SECONDS = 30;
const RATE_SECONDS = 600;
/** Before the first whole day: how long pushes are remembered, and the time without any that is assumed before the first. */
const FIRST_DAY = { memorySeconds: 2700, priorSeconds: 600 } as const;
/** When so many pushes begin before the one before them is over, sizes are no longer learned. */
const MERGED_SHARE = 0.1;
/** Learning rate per tick of the share of arrivals known in advance: half of it in about an hour. */
const KNOWN_STEP = 0.002;
/** The weight of the last push in the mean price of waiting. */
const PRICE_STEP = 0.02;

interface OpenPush {
  readonly at: number;
  readonly price: number;
  lastAt: number;
  size: number;
}

/** What pushes do in the coming time. */
export class PushForecast {
  readonly #leadSeconds: number;
  readonly #counts: PushCounts;
  readonly #activity: RecentActivity;
  readonly #sizes = new PushSizes();
  readonly #runTimes = new NamedRunTimes();
  #lastAt: number | undefined;
  #open: OpenPush | undefined;
  readonly #arrivedPeaks = new Map<number, number>();
  /** Pushes since the last view, those of peaks excepted. */
  #closed = 0;
  /** Pushes and seconds, fading: the rate of the first day. */
  readonly #recent = { pushes: 0, seconds: FIRST_DAY.priorSeconds as number };
  /** Of the last minutes. */
  #perSecond = 0;
  /** What was announced in the last boot, and how many builds had arrived until then. */
  #announced: { readonly at: number; readonly known: number; readonly arrivals: number }[] = [];
  #arrivals = 0;
  #knownMean = 0;
  #arrivalsMean = 0;
  readonly #priceOf: (event: string) => number;
  /** Of pushes that are none of a peak. */
  #meanPrice: number;

  /** @param priceOf what a minute of waiting costs, by the event of a build; empty: unknown */
  constructor(leadSeconds: number, priceOf: (event: string) => number, calendar?: Calendar) {
    this.#counts = new PushCounts(calendar);
    this.#leadSeconds = leadSeconds;
    this.#priceOf = priceOf;
    this.#meanPrice = priceOf('');
    this.#activity = new RecentActivity(leadSeconds);
  }

  learn(view: DemandView): void {
    const { nowSeconds } = view;
    const from = this.#lastAt ?? nowSeconds;
    this.#counts.advance(nowSeconds);
    this.#closed = 0;
    for (const [nth, at] of view.arrivals.entries()) this.#arrived(at, view.events?.[nth] ?? '');
    this.#closePush(nowSeconds);
    const pushes = this.#closed;
    this.#learnRecent(nowSeconds - from, pushes);
    this.#perSecond +=
      pushes / RATE_SECONDS - this.#perSecond * (1 - Math.exp((from - nowSeconds) / RATE_SECONDS));
    for (const build of view.finished) this.#runTimes.ended(build);
    this.#activity.passed(nowSeconds - from, pushes, this.#usual(from, nowSeconds));
    const usual = this.#usual(nowSeconds, nowSeconds + this.#leadSeconds);
    this.#activity.judge(nowSeconds, usual);
    this.#learnAnnounced(view);
    this.#lastAt = nowSeconds;
  }

  #learnRecent(seconds: number, pushes: number): void {
    const fade = Math.exp(-seconds / FIRST_DAY.memorySeconds);
    this.#recent.pushes = this.#recent.pushes * fade + pushes;
    this.#recent.seconds = this.#recent.seconds * fade + seconds;
  }

  /** Usual pushes between two times, without the peaks; on the first day as many as came lately. */
  #usual(fromSeconds: number, toSeconds: number): number {
    if (this.#counts.knowsADay) return this.#counts.expected(fromSeconds, toSeconds);
    const { pushes, seconds } = this.#recent;
    return (pushes / Math.max(1, seconds)) * (toSeconds - fromSeconds);
  }

  /** Compares what was announced with what came in the boot after it. */
  #learnAnnounced({ nowSeconds, bootSeconds, knownAhead, arrivals }: DemandView): void {
    this.#arrivals += arrivals.length;
    this.#announced.push({ at: nowSeconds, known: knownAhead, arrivals: this.#arrivals });
    for (
      let [first] = this.#announced;
      first && first.at + bootSeconds <= nowSeconds;
      [first] = this.#announced
    ) {
      this.#announced.shift();
      this.#knownMean += (first.known - this.#knownMean) * KNOWN_STEP;
      this.#arrivalsMean += (this.#arrivals - first.arrivals - this.#arrivalsMean) * KNOWN_STEP;
    }
  }

  #arrived(at: number, event: string): void {
    if (this.#open !== undefined && at - this.#open.lastAt <= PUSH_SECONDS) {
      this.#open.size += 1;
      this.#open.lastAt = at;
      return;
    }
    this.#closePush(Infinity);
    this.#open = { at, lastAt: at, size: 1, price: this.#priceOf(event) };
  }

  #closePush(nowSeconds: number): void {
    if (this.#open === undefined || nowSeconds - this.#open.lastAt <= PUSH_SECONDS) return;
    const { at, size, price } = this.#open;
    this.#open = undefined;
    // When pushes follow one another closely, several of them look like one: their number follows from their builds.
    const isBusy = this.#perSecond * PUSH_SECONDS > MERGED_SHARE;
    const pushes = isBusy ? Math.max(1, Math.round(size / this.#sizes.mean)) : 1;
    this.#counts.pushed(at, size, pushes, price);
    if (!isBusy) this.#sizes.pushed(at, size);
    const minute = Math.floor((at % DAY) / 60);
    if (this.#counts.peaks(at).some((peak) => peak.minute === minute))
      this.#arrivedPeaks.set(minute, Math.floor(at / DAY));
    else {
      this.#closed += pushes;
      this.#meanPrice += (price - this.#meanPrice) * PRICE_STEP;
    }
  }

  /** What changes demand within so many seconds. */
  changes(view: DemandView, withinSeconds: number): Changes {
    const { nowSeconds } = view;
    const { mean, shape } = this.#activity.factor;
    const announced = this.announcedShare;
    const expect = (seconds: number): number => this.#usual(nowSeconds, nowSeconds + seconds);
    // What is ordered at the next tick is ready a tick later: until then, half of the ticks of the lead, room has to do for announced builds.
    const reach = withinSeconds - (Math.max(0, withinSeconds - view.bootSeconds) / 2) * announced;
    const usual = expect(reach) - expect(Math.min(reach, view.bootSeconds)) * announced;
    const early = this.#runTimes.chanceOfEarlyEnd(withinSeconds / 2);
    const leaving = this.#runTimes.leaving(view.running, nowSeconds, reach);
    const sizes = this.#sizes.chances(this.#counts.peaks(nowSeconds));
    const pushes = { mean: usual * mean * (1 - early), shape };
    const singles = this.#coming(nowSeconds, withinSeconds);
    const known = Math.round(view.knownAhead * Math.min(1, withinSeconds / this.#leadSeconds));
    const price = this.#priceOfComing(pushes.mean * this.#sizes.mean + known, singles);
    return { pushes, sizes, singles, known, leaving, price };
  }

  /** The mean price of the builds that may come. */
  #priceOfComing(usualBuilds: number, singles: readonly SinglePush[]): number {
    let builds = usualBuilds;
    let sum = usualBuilds * this.#meanPrice;
    for (const { chance, sizes, price } of singles) {
      const expected = (chance * sizes.reduce((all, size) => all + size, 0)) / Math.max(1, sizes.length);
      builds += expected;
      sum += expected * price;
    }
    return builds > 0 ? sum / builds : this.#meanPrice;
  }

  /** The share of arrivals that are announced a boot before they come, 0 to 1. */
  get announcedShare(): number {
    return this.#arrivalsMean <= 0 ? 0 : Math.min(1, this.#knownMean / this.#arrivalsMean);
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

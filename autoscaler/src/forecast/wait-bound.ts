import { DailyMeans } from './daily-means.ts';
import { type Chances, NO_RISE } from './demand-chances.ts';
import { type NextPush, roomForPush } from './push-room.ts';
import { WaitController } from './wait-controller.ts';

const DAY = 86_400;
/** The share of builds that may wait longer: what a 95th percentile allows. */
export const ALLOWED_LATE_SHARE = 0.05;
/**
 * The logarithm of the allowed share follows the waits that were seen: a late push of five builds leaves two fifths of it, and a hundred
 * builds in time bring it back. At its least, hardly any push that was ever seen finds no room; more would not help.
 */
const CORRECTION = { step: 0.2, least: 0, most: 6 } as const;
/** What is reported: a share of fewer builds says nothing about a 95th percentile. */
const REPORTED = { days: 14, leastBuilds: 40 } as const;

/** How a bound is held. */
export interface BoundState {
  readonly seconds: number;
  /** Free room that it wants, in Pods. */
  readonly pods: number;
  /** Share of the builds of the last two weeks that waited longer; undefined: there were too few. */
  readonly lateShare: number | undefined;
}

/**
 * Room with which 95 % of the builds wait no longer than a bound: for one more push at any time, as in a fixed pool. Where more builds
 * were late than allowed, such as when pushes follow one another, it grows.
 *
 * @see docs/decisions/0032-bound-for-the-wait.md
 */
export class WaitBound {
  readonly #seconds: number;
  readonly #leadSeconds: number;
  readonly #controller: WaitController;
  readonly #late = new DailyMeans();
  #nowSeconds = 0;
  #pods = 0;

  constructor(seconds: number, leadSeconds: number) {
    this.#seconds = seconds;
    this.#leadSeconds = leadSeconds;
    this.#controller = new WaitController(seconds, CORRECTION);
  }

  /** @param waits in seconds, of the builds that were bound to a node since the last call; none where they are not known */
  learn({
    nowSeconds,
    waits = [],
  }: {
    readonly nowSeconds: number;
    readonly waits?: readonly number[];
  }): void {
    this.#nowSeconds = nowSeconds;
    this.#controller.learn(waits, 1);
    for (const wait of waits) this.#late.add(nowSeconds, wait > this.#seconds ? 1 : 0);
  }

  /** Free room to order, and to keep where it exists. None where a wait ends in time anyway, when the node that it caused is ready. */
  room(rise: Chances, next: NextPush): { readonly order: number; readonly keep: number } {
    const endsInTime = this.#seconds >= this.#leadSeconds;
    const roomAt = (change: Chances): number =>
      endsInTime ? 0 : roomForPush(change, next, ALLOWED_LATE_SHARE * Math.exp(-this.#controller.margin));
    this.#pods = roomAt(rise);
    return { order: this.#pods, keep: Math.max(this.#pods, roomAt(NO_RISE)) };
  }

  get state(): BoundState {
    const from = this.#nowSeconds - REPORTED.days * DAY;
    return {
      seconds: this.#seconds,
      pods: this.#pods,
      lateShare: this.#late.mean(from, REPORTED.leastBuilds),
    };
  }
}

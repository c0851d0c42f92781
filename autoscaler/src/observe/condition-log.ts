import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { Condition } from '../capacity/condition.ts';

/** A condition that ends and returns is not logged again before this time, and then only if it still stands. */
const REPEAT_MS = 600_000;
/** Limit of lines in that time: a target may answer different garbage at each tick. */
const MOST_LOGGED = 100;

interface Logged extends Condition {
  readonly atMs: number;
  isOver: boolean;
}

/** Counts and ages change at each tick; digits in an address are followed by something else than a space. */
const keyOf = ({ text }: Condition): string => text.replaceAll(/[\d.]+(?= )/g, '#');

/**
 * Logs each condition of the data when it begins and when it is over. What lasts for one tick only, such as a lost answer or a watch
 * that has just been started, is not logged.
 */
export class ConditionLog {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #logged = new Map<string, Logged>();
  #before: ReadonlySet<string> = new Set();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Called once per tick, with all conditions that stand. */
  take(conditions: readonly Condition[]): void {
    const standing = new Map(conditions.map((one) => [keyOf(one), one]));
    for (const [key, one] of standing) if (this.#before.has(key)) this.#begin(key, one);
    for (const [key, logged] of this.#logged) if (!standing.has(key)) this.#end(key, logged);
    this.#before = new Set(standing.keys());
  }

  #begin(key: string, { weight, text }: Condition): void {
    const nowMs = this.#clock.monotonicMs();
    const logged = this.#logged.get(key);
    const isKnown = logged !== undefined && (!logged.isOver || nowMs - logged.atMs < REPEAT_MS);
    if (isKnown || (logged === undefined && this.#logged.size >= MOST_LOGGED)) return;
    this.#logged.set(key, { weight, text, atMs: nowMs, isOver: false });
    if (weight === 'note') this.#log.info({ weight }, text);
    else this.#log.warn({ weight }, text);
  }

  #end(key: string, logged: Logged): void {
    if (!logged.isOver) this.#log.info({ weight: logged.weight }, `no longer: ${logged.text}`);
    logged.isOver = true;
    if (this.#clock.monotonicMs() - logged.atMs >= REPEAT_MS) this.#logged.delete(key);
  }
}

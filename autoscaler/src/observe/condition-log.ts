import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { Condition } from '../capacity/condition.ts';

/** A condition that ends and returns is not logged again before this time, and then only if it still stands. */
const REPEAT_MS = 600_000;
/** Limit of lines in that time: a target may answer different garbage at each tick. */
const MOST_TOLD = 100;

interface Told extends Condition {
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
  readonly #told = new Map<string, Told>();
  #before: ReadonlySet<string> = new Set();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Called once per tick, with all conditions that stand. */
  take(conditions: readonly Condition[]): void {
    const standing = new Map(conditions.map((one) => [keyOf(one), one]));
    for (const [key, one] of standing) if (this.#before.has(key)) this.#begin(key, one);
    for (const [key, told] of this.#told) if (!standing.has(key)) this.#end(key, told);
    this.#before = new Set(standing.keys());
  }

  #begin(key: string, { weight, text }: Condition): void {
    const nowMs = this.#clock.monotonicMs();
    const told = this.#told.get(key);
    const isKnown = told !== undefined && (!told.isOver || nowMs - told.atMs < REPEAT_MS);
    if (isKnown || (told === undefined && this.#told.size >= MOST_TOLD)) return;
    this.#told.set(key, { weight, text, atMs: nowMs, isOver: false });
    if (weight === 'note') this.#log.info({ weight }, text);
    else this.#log.warn({ weight }, text);
  }

  #end(key: string, told: Told): void {
    if (!told.isOver) this.#log.info({ weight: told.weight }, `no longer: ${told.text}`);
    told.isOver = true;
    if (this.#clock.monotonicMs() - told.atMs >= REPEAT_MS) this.#told.delete(key);
  }
}

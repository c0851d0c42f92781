import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { Condition } from '../capacity/condition.ts';

/** Clock synchronization changes the time by less than this. */
const JUMP_MS = 30_000;

/** Detects that the wall clock jumped, or that the machine was suspended: times of day and ages of Pods are then unreliable. */
export class WallClock {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onJump: () => void;
  #offsetMs: number;

  constructor(parts: { readonly clock: Clock; readonly log: Logger; readonly onJump: () => void }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#onJump = parts.onJump;
    this.#offsetMs = this.#offset;
  }

  /** Called once per tick. In a tick with a jump, ages are by two different clocks: nothing is decided then. */
  conditions(): readonly Condition[] {
    const jumpMs = this.#offset - this.#offsetMs;
    this.#offsetMs = this.#offset;
    if (Math.abs(jumpMs) < JUMP_MS) return [];
    this.#onJump();
    const text = `the clock of this machine jumped by ${Math.round(jumpMs / 1000)} s: no decision at this tick. Check that the clock is synchronized (NTP)`;
    this.#log.warn({ jumpMs }, text);
    return [{ weight: 'stale', text }];
  }

  get #offset(): number {
    return this.#clock.now() - this.#clock.monotonicMs();
  }
}

import { candidates, matches } from './matching.ts';
import type { Timers } from './timers.ts';
import type { WireFilter, WireStage } from './wire.ts';

interface Waiting {
  readonly filter: WireFilter;
  readonly take: (stage: WireStage | undefined) => void;
}

/** How often it deals without being asked, as the real server does. */
const DISPATCH_INTERVAL_MS = 60_000;

/** What the queue needs from outside. */
export interface QueueParts {
  readonly timers: Timers;
  /** All stages that may be pending or running. */
  readonly stages: () => readonly WireStage[];
  /** Chance in [0, 1): which of the waiting polls is asked first. */
  readonly random: () => number;
  /** Told when a poll comes or goes. */
  readonly changed: () => void;
}

/** Deals pending stages to waiting polls (drone-rpc §7). An offer is not written anywhere. */
export class Queue {
  readonly #parts: QueueParts;
  readonly #waiting = new Set<Waiting>();
  #paused = false;
  #stopTimer: () => void = () => undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#arm();
  }

  /** Waits for a matching stage; undefined after the window or when the client has gone. */
  poll(filter: WireFilter, windowMs: number, gone: AbortSignal): Promise<WireStage | undefined> {
    return new Promise((resolve) => {
      const leave = () => {
        waiting.take(undefined);
      };
      const cancelTimer = this.#parts.timers.after(windowMs, leave);
      const waiting: Waiting = {
        filter,
        take: (stage) => {
          cancelTimer();
          gone.removeEventListener('abort', leave);
          this.#waiting.delete(waiting);
          resolve(stage);
          this.#parts.changed();
        },
      };
      gone.addEventListener('abort', leave);
      this.#waiting.add(waiting);
      if (gone.aborted) leave();
      this.dispatch();
      this.#parts.changed();
    });
  }

  /** Runs the dispatcher once; nothing is dealt while the queue is paused. */
  dispatch(): void {
    if (this.#paused || this.#waiting.size === 0) return;
    for (const stage of candidates(this.#parts.stages())) {
      const polls = [...this.#waiting].filter((waiting) => matches(stage, waiting.filter));
      polls[Math.floor(this.#parts.random() * polls.length)]?.take(stage);
    }
  }

  /** How many polls are waiting now. */
  get waitingPolls(): number {
    return this.#waiting.size;
  }

  /** Deals nothing until resumed; polls just time out. */
  pause(): void {
    this.#paused = true;
  }

  /** Deals again, at once. */
  resume(): void {
    this.#paused = false;
    this.dispatch();
  }

  /** Ends the minute's timer and all waiting polls. */
  close(): void {
    this.#stopTimer();
    for (const waiting of [...this.#waiting]) waiting.take(undefined);
  }

  #arm(): void {
    this.#stopTimer = this.#parts.timers.after(DISPATCH_INTERVAL_MS, () => {
      this.dispatch();
      this.#arm();
    });
  }
}

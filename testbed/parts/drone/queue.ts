import type { Clock } from '@hangar/shared/clock';
import { LongPolls } from './long-polls.ts';
import { candidates, matches } from './matching.ts';
import type { WireFilter, WireStage } from './wire.ts';

/** What the queue needs from outside. */
export interface QueueParts {
  readonly clock: Clock;
  /** All stages that may be pending or running. */
  readonly stages: () => readonly WireStage[];
  /** Called when a poll starts or ends. */
  readonly changed: () => void;
}

/** How often the dispatcher runs without a trigger. */
const DISPATCH_INTERVAL_MS = 60_000;

/** Deals pending stages to waiting polls (drone-rpc §7). An offer is not written anywhere. */
export class Queue {
  readonly #parts: QueueParts;
  readonly #polls: LongPolls<WireFilter, WireStage | undefined>;
  #paused = false;
  #stopTimer: () => void = () => undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#polls = new LongPolls(parts.clock, parts.changed);
    this.#arm();
  }

  /** Waits for a matching stage; undefined after the window or when the client has gone. */
  poll(filter: WireFilter, windowMs: number, gone: AbortSignal): Promise<WireStage | undefined> {
    const offer = this.#polls.wait(filter, windowMs, gone, undefined);
    this.dispatch();
    return offer;
  }

  /** Runs the dispatcher once; nothing is dealt while the queue is paused. */
  dispatch(): void {
    if (this.#paused || this.waitingPolls === 0) return;
    for (const stage of candidates(this.#parts.stages())) {
      const polls = this.#polls.open.filter(({ about }) => matches(stage, about));
      // Any of them may be chosen first.
      polls[Math.floor(Math.random() * polls.length)]?.end(stage);
    }
  }

  /** How many polls are waiting now. */
  get waitingPolls(): number {
    return this.#polls.open.length;
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
    for (const { end } of this.#polls.open) end(undefined);
  }

  #arm(): void {
    this.#stopTimer = this.#parts.clock.after(DISPATCH_INTERVAL_MS, () => {
      this.dispatch();
      this.#arm();
    });
  }
}

import type { Clock } from '@hangar/shared/clock';

/** One client that waits for an answer of the server. */
export interface LongPoll<About, Answer> {
  readonly about: About;
  /** Answers it, and ends it. */
  readonly end: (answer: Answer) => void;
}

/** Clients that wait, each until it is answered, its window is over or it hangs up. */
export class LongPolls<About, Answer> {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #open = new Set<LongPoll<About, Answer>>();

  /** @param changed is called when one starts or ends */
  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  get open(): readonly LongPoll<About, Answer>[] {
    return [...this.#open];
  }

  /** Resolves with the answer, or with `quiet` after the window or when the client has gone. */
  wait(about: About, windowMs: number, gone: AbortSignal, quiet: Answer): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const leave = (): void => poll.end(quiet);
    const cancelTimer = this.#clock.after(windowMs, leave);
    const poll: LongPoll<About, Answer> = {
      about,
      end: (answer) => {
        cancelTimer();
        gone.removeEventListener('abort', leave);
        this.#open.delete(poll);
        resolve(answer);
        this.#changed();
      },
    };
    this.#open.add(poll);
    gone.addEventListener('abort', leave);
    if (gone.aborted) leave();
    this.#changed();
    return promise;
  }
}

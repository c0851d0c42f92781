import { type Admission, admit, type Budget, type Load } from './admit.ts';

/** One stage in the line. */
export interface Waiter {
  readonly repo: string;
  readonly event: string;
  readonly asks: Load;
  /** Hears each new reason to wait. */
  waits(admission: Admission & { kind: 'waiting' }): void;
  /** Called at the very moment of admission: what it asks for must count in `taken()` from here on. */
  admitted(): void;
}

interface Entry extends Waiter {
  readonly order: number;
  readonly decided: (admission: Admission) => void;
}

/** Someone is waiting at the other end of these: a person who promoted, then one with an open pull request, then the rest. */
const PRIORITY: Readonly<Record<string, number>> = {
  promote: 0,
  rollback: 0,
  custom: 0,
  pull_request: 1,
  tag: 1,
  push: 2,
  cron: 3,
};

/**
 * The line before admission: round robin over repositories, within one by event and then first come. The head is never overtaken
 * by smaller ones, or a large pipeline would wait for ever. What is taken is asked anew at each turn.
 */
export class WaitingLine {
  readonly #taken: () => Load;
  readonly #budget: Budget;
  #entries: Entry[] = [];
  #turns = new Map<string, number>();
  #order = 0;
  #turn = 0;

  constructor(taken: () => Load, budget: Budget) {
    this.#taken = taken;
    this.#budget = budget;
  }

  /** How many wait. */
  get length(): number {
    return this.#entries.length;
  }

  /** Resolves with `admitted` or `refused`; rejects with the signal's reason when it is aborted. */
  enter(waiter: Waiter, signal: AbortSignal): Promise<Admission & { kind: 'admitted' | 'refused' }> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#entries = this.#entries.filter((one) => one !== entry);
        reject(signal.reason as Error);
        this.turn();
      };
      let said = '';
      const decided = (admission: Admission): void => {
        if (admission.kind === 'waiting') {
          if (admission.text !== said) waiter.waits(admission);
          said = admission.text;
          return;
        }
        this.#entries = this.#entries.filter((one) => one !== entry);
        signal.removeEventListener('abort', leave);
        if (admission.kind === 'admitted') waiter.admitted();
        resolve(admission);
      };
      const entry: Entry = { ...waiter, order: this.#order, decided };
      this.#order += 1;
      signal.addEventListener('abort', leave, { once: true });
      this.#entries.push(entry);
      this.turn();
    });
  }

  /** Something may have become free: looks from the head on. One admission a call is decided at a time, since each changes what is taken. */
  turn(): void {
    for (;;) {
      const [head, ...rest] = this.#inOrder();
      if (!head) return;
      const admission = admit(head.asks, this.#taken(), this.#budget);
      if (admission.kind === 'waiting') {
        head.decided(admission);
        for (const [place, one] of rest.entries())
          one.decided({
            kind: 'waiting',
            reason: 'line',
            text: `${place + 1} before this pipeline in the line; the first waits because ${admission.text}`,
          });
        return;
      }
      this.#turns.set(head.repo, this.#turn++);
      head.decided(admission);
    }
  }

  #inOrder(): Entry[] {
    const priority = (one: Entry): number => PRIORITY[one.event] ?? 2;
    const lastTurn = (one: Entry): number => this.#turns.get(one.repo) ?? -1;
    return [...this.#entries].sort(
      (a, b) => lastTurn(a) - lastTurn(b) || priority(a) - priority(b) || a.order - b.order,
    );
  }
}

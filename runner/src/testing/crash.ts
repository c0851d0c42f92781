import { type Clock, sleepOn } from '@hangar/shared/clock';

/** Where a process is lost: at its n-th call, before or after its effect; `lost`: it lives on, and the call's answer is lost. */
export interface CrashPoint {
  readonly call: number;
  readonly how: 'before' | 'after' | 'lost';
}

/** What the caller sees of a call whose answer is lost. Throws, or returns what a port makes of it by itself. */
export type LoseAnswer = (method: string, answer: unknown) => unknown;

type Call = (...args: unknown[]) => unknown;

/** The ports and the clock of one process, which can be lost at any call. */
export class CrashingProcess {
  /** Every call of a port so far, as `port.method`. */
  readonly calls: string[] = [];
  readonly #point: CrashPoint | undefined;
  readonly #onCrash: () => void;
  #isLost = false;

  constructor(point: CrashPoint | undefined, onCrash: () => void) {
    this.#point = point;
    this.#onCrash = onCrash;
  }

  /** A port whose every method is a place where the process can be lost. */
  port<T extends object>(name: string, port: T, loseAnswer: LoseAnswer): T {
    return new Proxy(port, {
      get: (target, property) => {
        const member: unknown = Reflect.get(target, property, target);
        if (typeof member !== 'function') return member;
        const method = String(property);
        const called = member as Call;
        return (...args: unknown[]) =>
          this.#call(
            `${name}.${method}`,
            () => called.apply(target, args),
            (answer) => loseAnswer(method, answer),
          );
      },
    });
  }

  /** A clock whose timers end with the process. */
  clock(clock: Clock): Clock {
    const after: Clock['after'] = (ms, act) => clock.after(ms, () => !this.#isLost && act());
    return {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      after,
      sleep: (ms, signal) => sleepOn(after, ms, signal),
    };
  }

  #call(name: string, act: () => unknown, loseAnswer: (answer: unknown) => unknown): unknown {
    if (this.#isLost) return limbo();
    this.calls.push(name);
    const how = this.calls.length === this.#point?.call ? this.#point.how : undefined;
    if (how === 'before') return this.#crash();
    const answer = act();
    if (!(answer instanceof Promise)) return this.#stream(answer as AsyncIterable<unknown>, how, loseAnswer);
    return this.#settled(answer, how, loseAnswer);
  }

  async #settled(
    answer: Promise<unknown>,
    how: CrashPoint['how'] | undefined,
    loseAnswer: (answer: unknown) => unknown,
  ): Promise<unknown> {
    // What the call came to is told to nobody once the process is lost.
    const value = await answer.catch((error: unknown) => {
      if (this.#isLost || how === 'after') return this.#crash();
      throw error;
    });
    if (this.#isLost || how === 'after') return this.#crash();
    if (how === 'lost') return loseAnswer(value);
    return isStream(value) ? this.#stream(value, undefined, loseAnswer) : value;
  }

  async *#stream(
    stream: AsyncIterable<unknown>,
    how: CrashPoint['how'] | undefined,
    loseAnswer: (answer: unknown) => unknown,
  ): AsyncIterable<unknown> {
    if (how === 'after') await this.#crash();
    if (how === 'lost') loseAnswer(undefined);
    for await (const item of stream) {
      if (this.#isLost) await limbo();
      yield item;
    }
    if (this.#isLost) await limbo();
  }

  #crash(): Promise<never> {
    if (!this.#isLost) {
      this.#isLost = true;
      this.#onCrash();
    }
    return limbo();
  }
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

/** An answer, or a stream, that never comes. */
function limbo(): Promise<never> & AsyncIterable<never> {
  const never = new Promise<never>(() => undefined);
  return Object.assign(never, { [Symbol.asyncIterator]: () => ({ next: () => never }) });
}

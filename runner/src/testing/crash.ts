import { type Clock, sleepOn } from '@hangar/shared/clock';
import { recordOf } from '@hangar/shared/json';

/**
 * When a process is lost: at its n-th call, before or after the call's effect. `lost`: only the call's answer is lost; `cut-off`: the process
 * runs on, without its connection to the API server for a while, `no-server`: without that to the Drone server.
 */
export interface CrashPoint {
  readonly call: number;
  readonly how: 'before' | 'after' | 'lost' | 'cut-off' | 'no-server';
}

/** What happens when a process is lost. */
export interface OnLoss {
  crash(): void;
  cutOff?(from: 'cluster' | 'drone'): void;
}

/** A container whose log ends each process that reads it. */
export interface LethalLog {
  readonly container: string;
}

/** The result of a call whose answer is lost, as the caller sees it. Throws, or returns the result of the port's own retries. */
export type LoseAnswer = (method: string, answer: unknown) => unknown;

/** What a call of a port is named in a test; default: its method. */
export type NameCall = (method: string, args: readonly unknown[]) => string;

type Call = (...args: unknown[]) => unknown;

interface NamedCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** The ports and the clock of one process, which can be lost at any call. */
export class CrashingProcess {
  /** Every call of a port so far, as `port.method`, or as the port names it. */
  readonly calls: string[] = [];
  readonly #point: CrashPoint | LethalLog | undefined;
  readonly #onLoss: OnLoss;
  #isLost = false;

  constructor(point: CrashPoint | LethalLog | undefined, onLoss: OnLoss) {
    this.#point = point;
    this.#onLoss = onLoss;
  }

  /** Wraps a port so that the process can be lost at each of its calls. */
  port<T extends object>(name: string, port: T, loseAnswer: LoseAnswer, nameCall: NameCall = String): T {
    return new Proxy(port, {
      get: (target, property) => {
        const member: unknown = Reflect.get(target, property, target);
        if (typeof member !== 'function') return member;
        const method = String(property);
        const called = member as Call;
        return (...args: unknown[]) =>
          this.#call(
            { name: `${name}.${nameCall(method, args)}`, args },
            () => called.apply(target, args),
            (answer) => loseAnswer(method, answer),
          );
      },
    });
  }

  /** A clock whose timers no longer run once the process is lost. */
  clock(clock: Clock): Clock {
    const after: Clock['after'] = (ms, act) => clock.after(ms, () => !this.#isLost && act());
    return {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      after,
      sleep: (ms, signal) => sleepOn(after, ms, signal),
    };
  }

  #call(call: NamedCall, act: () => unknown, loseAnswer: (answer: unknown) => unknown): unknown {
    if (this.#isLost) return unanswered();
    this.calls.push(call.name);
    const how = this.#howLost(call);
    if (how === 'before') return this.#crash();
    if (how === 'cut-off' || how === 'no-server')
      this.#onLoss.cutOff?.(how === 'cut-off' ? 'cluster' : 'drone');
    const answer = act();
    if (answer instanceof Promise) return this.#settled(answer, how, loseAnswer);
    if (isStream(answer)) return this.#stream(answer, how, loseAnswer);
    return how === 'after' ? this.#crash() : answer;
  }

  #howLost({ name, args }: NamedCall): CrashPoint['how'] | undefined {
    const point = this.#point;
    if (!point) return undefined;
    if ('call' in point) return this.calls.length === point.call ? point.how : undefined;
    const isRead = name === 'cluster.log' && recordOf(args[0]).container === point.container;
    return isRead ? 'after' : undefined;
  }

  async #settled(
    answer: Promise<unknown>,
    how: CrashPoint['how'] | undefined,
    loseAnswer: (answer: unknown) => unknown,
  ): Promise<unknown> {
    // A lost process receives no result.
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
      if (this.#isLost) await unanswered();
      yield item;
    }
    if (this.#isLost) await unanswered();
  }

  #crash(): Promise<never> {
    if (!this.#isLost) {
      this.#isLost = true;
      this.#onLoss.crash();
    }
    return unanswered();
  }
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

/** An answer or a stream that never arrives. */
function unanswered(): Promise<never> & AsyncIterable<never> {
  const never = new Promise<never>(() => undefined);
  return Object.assign(never, { [Symbol.asyncIterator]: () => ({ next: () => never }) });
}

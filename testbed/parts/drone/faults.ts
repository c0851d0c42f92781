import type { CalledEndpoint, Endpoint, RecordedCall } from './calls.ts';

/** An answer that is not from the server's handlers. */
export interface OddAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** True: the call took effect, only its answer was replaced. False, the default: it never reached the server. */
  readonly applied?: boolean;
}

/** What goes wrong with one call (drone-rpc §8.14). */
export type Fault =
  | { readonly kind: 'cut'; readonly applied: boolean }
  | { readonly kind: 'answer'; readonly answer: OddAnswer }
  | { readonly kind: 'half-body' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | {
      readonly kind: 'hold';
      readonly applied: boolean;
      readonly released: Promise<void>;
      readonly onReached: () => void;
    };

/** Which calls a fault meets. */
export interface FaultOptions {
  /** How many calls; 1 by default. */
  readonly times?: number;
  /** How many matching calls go well first; 0 by default. */
  readonly skip?: number;
  /** Narrows it down, for instance to one stage or to finishes. */
  readonly where?: (call: RecordedCall) => boolean;
}

/** A planned fault. */
export interface PlannedRpcFault {
  /** How many calls it has met. */
  readonly used: number;
  /** Calls off what is left of it. */
  cancel(): void;
}

/** A call held at a known place until it is released. */
export interface Hold {
  /** Resolves when the call has arrived there. */
  readonly reached: Promise<RecordedCall>;
  release(): void;
}

interface Plan {
  readonly endpoint: Endpoint | 'any';
  readonly options: FaultOptions;
  readonly make: (call: RecordedCall) => Fault;
  seen: number;
  used: number;
}

/** Plans faults per endpoint; without plans the server works normally. */
export class RpcFaults {
  #plans: Plan[] = [];
  readonly #releases = new Set<() => void>();

  /** The request is lost: the connection is cut before the call takes effect. */
  cutBefore(endpoint: Endpoint | 'any', options: FaultOptions = {}): PlannedRpcFault {
    return this.#plan(endpoint, options, () => ({ kind: 'cut', applied: false }));
  }

  /** The answer is lost: the call takes effect, then the connection is cut. */
  cutAfter(endpoint: Endpoint | 'any', options: FaultOptions = {}): PlannedRpcFault {
    return this.#plan(endpoint, options, () => ({ kind: 'cut', applied: true }));
  }

  /** Another answer, such as a proxy's 502, 503, 504 or 524. */
  answer(endpoint: Endpoint | 'any', answer: OddAnswer, options: FaultOptions = {}): PlannedRpcFault {
    return this.#plan(endpoint, options, () => ({ kind: 'answer', answer }));
  }

  /** The call takes effect, half of the body is sent, then the connection is cut. */
  halfBody(endpoint: Endpoint | 'any', options: FaultOptions = {}): PlannedRpcFault {
    return this.#plan(endpoint, options, () => ({ kind: 'half-body' }));
  }

  /** The call takes effect; the head is sent after the delay, the second half of the body after another one. */
  slow(endpoint: Endpoint | 'any', delayMs: number, options: FaultOptions = {}): PlannedRpcFault {
    return this.#plan(endpoint, options, () => ({ kind: 'slow', delayMs }));
  }

  /** Stops the next matching call before or after it takes effect, until released; needs no sleeping in tests. */
  hold(endpoint: Endpoint | 'any', when: 'before' | 'after', options: FaultOptions = {}): Hold {
    const opened = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<RecordedCall>();
    const release = () => {
      this.#releases.delete(release);
      plan.cancel();
      opened.resolve();
    };
    const plan = this.#plan(endpoint, options, (call) => ({
      kind: 'hold',
      applied: when === 'after',
      released: opened.promise,
      onReached: () => {
        reached.resolve(call);
      },
    }));
    this.#releases.add(release);
    return { reached: reached.promise, release };
  }

  /** Calls off all plans and releases what is held. */
  clear(): void {
    this.#plans = [];
    for (const release of [...this.#releases]) release();
  }

  /** The fault that meets this call, if any; the oldest plan that fits is used up first. */
  faultFor(call: RecordedCall): Fault | undefined {
    for (const plan of this.#plans) {
      if (!fits(plan, call.endpoint) || !(plan.options.where?.(call) ?? true)) continue;
      plan.seen += 1;
      if (plan.seen <= (plan.options.skip ?? 0)) continue;
      plan.used += 1;
      if (plan.used >= (plan.options.times ?? 1)) this.#plans = this.#plans.filter((other) => other !== plan);
      return plan.make(call);
    }
    return undefined;
  }

  #plan(endpoint: Endpoint | 'any', options: FaultOptions, make: Plan['make']): PlannedRpcFault {
    const plan: Plan = { endpoint, options, make, seen: 0, used: 0 };
    this.#plans = [...this.#plans, plan];
    return {
      get used() {
        return plan.used;
      },
      cancel: () => {
        this.#plans = this.#plans.filter((other) => other !== plan);
      },
    };
  }
}

function fits(plan: Plan, endpoint: CalledEndpoint): boolean {
  return plan.endpoint === 'any' || plan.endpoint === endpoint;
}

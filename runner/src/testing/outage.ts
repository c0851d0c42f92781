import type { Clock } from '@hangar/shared/clock';
import { noAnswer } from '@hangar/shared/testing/fake-cluster';

/** The time for which a server is unavailable, in milliseconds since the start of the scenario. */
export interface Outage {
  readonly of: 'cluster' | 'drone';
  readonly fromMs: number;
  readonly lastsMs: number;
}

type Call = (...args: unknown[]) => unknown;

const RETRY_MS = 1_000;
/** Methods of the cluster that return a stream at once. */
const STREAMS: ReadonlySet<string> = new Set(['watch', 'pages']);

/** A connection that is interrupted once, for a while. */
export class Connection {
  /** Rejects when the interruption begins: open streams break. */
  readonly interrupted: Promise<never>;
  readonly #clock: Clock;
  readonly #interrupt: () => void;
  #fromMs = Number.POSITIVE_INFINITY;
  #untilMs = Number.POSITIVE_INFINITY;

  /** @param outage of the server of this connection */
  constructor(clock: Clock, outage?: Outage) {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.#clock = clock;
    this.interrupted = promise;
    this.#interrupt = () => reject(noAnswer());
    if (!outage) return;
    this.#fromMs = outage.fromMs;
    this.#untilMs = outage.fromMs + outage.lastsMs;
    clock.after(outage.fromMs - clock.monotonicMs(), this.#interrupt);
  }

  /** Interrupts it from now on. */
  interruptFor(lastsMs: number): void {
    this.#fromMs = this.#clock.monotonicMs();
    this.#untilMs = this.#fromMs + lastsMs;
    this.#interrupt();
  }

  get isInterrupted(): boolean {
    return this.#hasBegun && this.#clock.monotonicMs() < this.#untilMs;
  }

  /** Streams that are opened later do not break. */
  get breaksLater(): boolean {
    return !this.#hasBegun;
  }

  get #hasBegun(): boolean {
    return this.#clock.monotonicMs() >= this.#fromMs;
  }
}

/**
 * A port whose connection may be interrupted. Calls to Kubernetes fail without an answer, and its streams break; calls to the Drone
 * server are repeated until it is back, as by its client.
 */
export function reachable<T extends object>(
  clock: Clock,
  of: Outage['of'],
  port: T,
  connection: Connection,
): T {
  const breakable = (answer: unknown): unknown =>
    isStream(answer) && connection.breaksLater ? until(connection.interrupted, answer) : answer;
  const called = (method: string, call: () => unknown, args: readonly unknown[]): unknown => {
    if (of === 'drone') return whenBack(clock, connection, args, call);
    if (connection.isInterrupted) return STREAMS.has(method) ? broken() : Promise.reject(noAnswer());
    const answer = call();
    return answer instanceof Promise ? answer.then(breakable) : breakable(answer);
  };
  return new Proxy(port, {
    get: (target, property) => {
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) =>
        called(String(property), () => (member as Call).apply(target, args), args);
    },
  });
}

async function whenBack(
  clock: Clock,
  connection: Connection,
  args: readonly unknown[],
  call: () => unknown,
): Promise<unknown> {
  const signal = args.findLast((arg) => arg instanceof AbortSignal);
  while (connection.isInterrupted) {
    await clock.sleep(RETRY_MS, signal);
    signal?.throwIfAborted();
  }
  return call();
}

async function* until(begins: Promise<never>, stream: AsyncIterable<unknown>): AsyncIterable<unknown> {
  const items = stream[Symbol.asyncIterator]();
  for (;;) {
    const item = items.next();
    // It may reject after the race has ended.
    item.catch(() => undefined);
    const next = await Promise.race([item, begins]);
    if (next.done) return;
    yield next.value;
  }
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

const broken = (): AsyncIterable<never> => ({
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject<never>(noAnswer()) }),
});

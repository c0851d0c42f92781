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

/**
 * A port whose server is unavailable for a while. Calls to Kubernetes fail without an answer, and its streams break; calls to the Drone
 * server are repeated until it is back, as by its client.
 */
export function reachable<T extends object>(
  clock: Clock,
  of: Outage['of'],
  port: T,
  outage: Outage | undefined,
): T {
  if (outage?.of !== of) return port;
  const { fromMs, lastsMs } = outage;
  const isAway = (): boolean => clock.monotonicMs() >= fromMs && clock.monotonicMs() < fromMs + lastsMs;
  const begins = new Promise<never>((_, reject) => {
    clock.after(fromMs - clock.monotonicMs(), () => reject(noAnswer()));
  });
  begins.catch(() => undefined);
  const breakable = (answer: unknown): unknown =>
    isStream(answer) && clock.monotonicMs() < fromMs ? until(begins, answer) : answer;
  const called = (method: string, call: () => unknown, args: readonly unknown[]): unknown => {
    if (of === 'drone') return whenBack(clock, isAway, args, call);
    if (isAway()) return STREAMS.has(method) ? broken() : Promise.reject(noAnswer());
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
  isAway: () => boolean,
  args: readonly unknown[],
  call: () => unknown,
): Promise<unknown> {
  const signal = args.findLast((arg) => arg instanceof AbortSignal);
  while (isAway()) {
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

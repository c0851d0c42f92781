import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AdmissionQueue, type QueuedStage, type RepositoryLimit } from './admission-queue.ts';
import { type Budget, type Load, NO_LOAD, plus } from './admit.ts';

const never = new AbortController().signal;
const budget: Budget = { pipelines: 2, pods: undefined, cpuMillicores: 4_000, memoryBytes: undefined };

/** A queue whose admitted ones take what they asked for until they leave; like the runner, it looks again at every change. */
function begin(limits: Partial<Budget> = {}, perRepository?: () => RepositoryLimit) {
  const running = new Map<string, Load>();
  const taken = (): Load => [...running.values()].reduce(plus, NO_LOAD);
  const whole = { ...budget, ...limits };
  const queue = new AdmissionQueue(taken, whole, { perRepository: perRepository?.() });
  const order: string[] = [];
  const said = new Map<string, string[]>();
  const enter = (
    name: string,
    about: Partial<Omit<QueuedStage, 'asks'>> & { cpu?: number } = {},
    signal = never,
  ) => {
    const asks = { pipelines: 1, pods: 1, cpuMillicores: about.cpu ?? 100, memoryBytes: 0 };
    const outcome = queue.enter(
      {
        stageId: 1,
        repo: about.repo ?? 'acme/widget',
        event: about.event ?? 'push',
        asks,
        placement: about.placement ?? {},
        waits: ({ reason, text }) => {
          said.set(name, [...(said.get(name) ?? []), `${reason}: ${text}`]);
          queue.next();
        },
        admitted: () => {
          order.push(name);
          running.set(name, asks);
          queue.next();
        },
      },
      signal,
    );
    return outcome.then(
      ({ kind }) => kind,
      (error: unknown) => String(error),
    );
  };
  const end = (name: string): void => {
    running.delete(name);
    queue.next();
  };
  return { queue, running, taken, whole, order, said, enter, end };
}

describe('the admission queue', () => {
  it('lets in what fits, and the next when somebody leaves', async () => {
    const { queue, order, enter, end } = begin();
    const all = ['a', 'b', 'c'].map((name) => enter(name));
    expect([order, queue.length]).toEqual([['a', 'b'], 1]);
    end('a');
    expect(await Promise.all(all)).toEqual(['admitted', 'admitted', 'admitted']);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('says each new reason once, though it is asked again at every change', () => {
    const { said, enter, queue } = begin();
    for (const name of ['a', 'b', 'head', 'next']) void enter(name);
    for (let look = 0; look < 5; look++) queue.next();
    const because = '2 of 2 pipelines are in use, and this pipeline needs 1 pipeline';
    expect(said.get('head')).toEqual([`capacity: ${because}`]);
    expect(said.get('next')).toEqual([
      `queue: 1 pipelines are ahead of this one in the queue; the first waits because ${because}`,
    ]);
  });

  it('refuses what never fits, whoever is before it, and goes on', async () => {
    const { enter, order } = begin();
    const huge = enter('huge', { cpu: 4_001 });
    void enter('small');
    expect(await huge).toBe('refused');
    expect(order).toEqual(['small']);
  });

  it('does not let a small one overtake a large head', () => {
    const { enter, end, order } = begin({ pipelines: 10 });
    void enter('running', { cpu: 3_000 });
    void enter('large', { cpu: 2_000 });
    void enter('small', { cpu: 100 });
    expect(order).toEqual(['running']);
    end('running');
    expect(order).toEqual(['running', 'large', 'small']);
  });

  it('goes round over repositories, whoever floods it', () => {
    const { enter, end, order } = begin({ pipelines: 1 });
    for (const name of ['a1', 'a2', 'a3']) void enter(name, { repo: 'a' });
    for (const name of ['b1', 'b2']) void enter(name, { repo: 'b' });
    for (const name of ['a1', 'b1', 'a2', 'b2']) end(name);
    expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
  });

  it('starts the first of another repository among the next five, though thirty of a greedy one wait before it', () => {
    const { enter, end, order } = begin({ pipelines: 3 });
    for (let n = 1; n <= 30; n++) void enter(`greedy-${n}`, { repo: 'greedy' });
    for (let n = 1; n <= 3; n++) void enter(`other-${n}`, { repo: 'other' });
    const before = order.length;
    while (order.length < 33) end(order[order.length - 3] ?? '');
    expect(order.indexOf('other-1') - before).toBeLessThan(5);
    expect(order.indexOf('other-3') - before).toBeLessThan(6);
  });

  it('lets others go before a repository that runs as many as it may, and says why it waits', () => {
    const of = (name: string) => name.split('-')[0] ?? '';
    const { enter, end, order, said, running, queue } = begin({ pipelines: 10 }, () => ({
      limit: 2,
      running: (repo) => [...running.keys()].filter((name) => of(name) === repo).length,
    }));
    for (const name of ['a-1', 'a-2', 'a-3', 'b-1']) void enter(name, { repo: of(name) });
    expect([order, queue.length]).toEqual([['a-1', 'a-2', 'b-1'], 1]);
    expect(said.get('a-3')).toEqual(['repository: 2 pipelines of this repository run, and the limit is 2']);
    end('a-1');
    expect(order).toEqual(['a-1', 'a-2', 'b-1', 'a-3']);
  });

  it.each([
    [
      'someone waits at the other end',
      ['cron', 'push', 'pull_request', 'promote'],
      ['promote', 'pull_request', 'push', 'cron'],
    ],
    ['an event that it does not know is as a push', ['cron', 'odd', 'tag'], ['tag', 'odd', 'cron']],
    ['first come, first served within an event', ['push', 'push', 'push'], ['push', 'push', 'push']],
  ])('within a repository: %s', (_, events, want) => {
    const { enter, end, order } = begin({ pipelines: 1 });
    void enter('first');
    const names = events.map((event, index) => `${event}/${index}`);
    for (const [index, name] of names.entries()) void enter(name, { event: events[index] ?? '' });
    for (const name of ['first', ...want.map((_event, index) => () => order[index + 1])])
      end(typeof name === 'string' ? name : (name() ?? ''));
    expect(order.slice(1).map((name) => name.split('/')[0])).toEqual(want);
  });

  it('lets a nightly build in after some that were more urgent, however many come', () => {
    const { enter, end, order } = begin({ pipelines: 1 });
    void enter('0');
    void enter('nightly', { event: 'cron' });
    for (let n = 1; n <= 20; n++) {
      void enter(String(n), { event: 'promote' });
      end(order.at(-1) ?? '');
    }
    expect(order.indexOf('nightly')).toBe(9);
  });

  it('is left by who is stopped, with its reason, and the next is looked at', async () => {
    const { enter, order, queue } = begin({ pipelines: 10 });
    const stop = new AbortController();
    void enter('running', { cpu: 3_000 });
    const large = enter('large', { cpu: 2_000 }, stop.signal);
    void enter('small');
    stop.abort(new Error('cancelled'));
    expect(await large).toBe('Error: cancelled');
    expect([order, queue.length]).toEqual([['running', 'small'], 0]);
  });

  it('is not entered under a signal that is aborted already, which rejects and does not throw', async () => {
    const { enter, queue } = begin();
    expect(await enter('late', {}, AbortSignal.abort(new Error('before')))).toBe('Error: before');
    expect(queue.length).toBe(0);
  });

  it('does not hear of an abort after it was decided', async () => {
    const { enter, order, queue } = begin();
    const stop = new AbortController();
    const first = enter('a', {}, stop.signal);
    stop.abort();
    expect(await first).toBe('admitted');
    expect([order, queue.length]).toEqual([['a'], 0]);
  });

  it('remembers the last turns of many repositories, and forgets the oldest', () => {
    const { enter, end, order } = begin({ pipelines: 1 });
    for (let n = 0; n < 1_100; n++) {
      void enter(`r${n}`, { repo: `r${n}` });
      end(`r${n}`);
    }
    expect(order).toHaveLength(1_100);
  });
});

interface Arrival {
  readonly repo: string;
  readonly event: string;
  readonly cpu: number;
}

describe('whatever comes and goes', () => {
  const arrival = fc.record({
    repo: fc.constantFrom('a', 'b', 'c'),
    event: fc.constantFrom('push', 'pull_request', 'cron', 'promote'),
    cpu: fc.integer({ min: 1, max: 2_500 }),
  });
  const deeds = fc.array(fc.oneof(arrival, fc.constantFrom('end' as const, 'stop' as const)), {
    maxLength: 60,
  });

  it('is never over budget, lets everybody in at last, and keeps first come first served within repository and event', () => {
    fc.assert(
      fc.property(deeds, (plan) => {
        const { taken, whole, order, enter, end, running, queue } = begin({ pipelines: 3 });
        const entered = new Map<string, Arrival & { stop: AbortController }>();
        const stopped = new Set<string>();
        const sound = (): void => {
          expect(taken().pipelines).toBeLessThanOrEqual(whole.pipelines);
          expect(taken().cpuMillicores).toBeLessThanOrEqual(4_000);
        };
        const stopOne = (): void => {
          const name = [...entered.keys()].find((one) => !order.includes(one) && !stopped.has(one)) ?? '';
          stopped.add(name);
          entered.get(name)?.stop.abort(new Error('stopped'));
        };
        const arrive = (name: string, arrival: Arrival): void => {
          const stop = new AbortController();
          entered.set(name, { ...arrival, stop });
          void enter(name, arrival, stop.signal);
        };
        for (const [index, deed] of plan.entries()) {
          if (deed === 'end') end([...running.keys()][0] ?? '');
          else if (deed === 'stop') stopOne();
          else arrive(String(index), deed);
          sound();
        }
        while (running.size > 0) {
          end([...running.keys()][0] ?? '');
          sound();
        }
        expect(queue.length).toBe(0);
        expect(new Set(order)).toEqual(new Set([...entered.keys()].filter((name) => !stopped.has(name))));
        const kind = (name: string): string => `${entered.get(name)?.repo}/${entered.get(name)?.event}`;
        for (const alike of Map.groupBy(order, kind).values())
          expect(alike).toEqual([...alike].sort((x, y) => Number(x) - Number(y)));
      }),
    );
  });
});

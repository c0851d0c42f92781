import type { V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { FakeCluster, noAnswer, refusal } from '../testing/fake-cluster.ts';
import { type KubernetesError, RESOURCE } from './cluster.ts';
import { type Change, ListWatch, whole } from './list-watch.ts';

const place = { resource: RESOURCE.pods, namespace: 'ci' };
const at = (name: string) => ({ ...place, name });
const labels = { app: 'hangar' };

function begin(cluster = new FakeCluster()) {
  const clock = new FakeClock();
  const reported: string[] = [];
  const troubles: KubernetesError[] = [];
  let listen = (_change: Change<V1Pod>): void => undefined;
  const watch = new ListWatch<V1Pod>(clock, cluster, {
    target: place,
    selection: { labelSelector: 'app=hangar' },
    read: whole,
    onChange: (change) => {
      reported.push(`${change.kind} ${change.object.metadata?.name}/${change.object.metadata?.uid}`);
      listen(change);
    },
    onTrouble: (error) => troubles.push(error),
  });
  const stop = new AbortController();
  const put = (name: string, phase = 'Pending'): V1Pod =>
    cluster.put<V1Pod>(at(name), { metadata: { labels }, status: { phase } });
  return {
    ...{ clock, cluster, watch, reported, troubles, stop, put },
    run: () => watch.run(stop.signal),
    listen: (by: typeof listen) => {
      listen = by;
    },
  };
}

const names = (watch: ListWatch<V1Pod>): string[] =>
  watch.objects.map((pod) => pod.metadata?.name ?? '').sort();

describe('ListWatch', () => {
  it('lists, then follows changes and deletions, of selected objects only', async () => {
    const { clock, cluster, watch, reported, put, run, stop } = begin();
    put('a');
    const running = run();
    await clock.step(0);
    put('b');
    cluster.put(at('stranger'), { metadata: {} });
    put('a', 'Running');
    cluster.drop(at('b'));
    await clock.step(0);
    expect(reported).toEqual(['present a/uid-1', 'present b/uid-2', 'present a/uid-1', 'gone b/uid-2']);
    expect(names(watch)).toEqual(['a']);
    expect(watch.find('ci', 'a')?.status?.phase).toBe('Running');
    expect(watch.find('ci', 'b')).toBeUndefined();
    stop.abort();
    await running;
    expect(cluster.watches).toBe(0);
  });

  it('ignores an event that is older than what it knows, and continues from the newest version', async () => {
    const { clock, cluster, watch, reported, put, run, stop } = begin();
    const old = put('a');
    void run();
    await clock.step(5_000);
    put('a', 'Running');
    await clock.step(0);
    reported.length = 0;
    cluster.send({ type: 'MODIFIED', object: old });
    cluster.send({ type: 'DELETED', object: old });
    await clock.step(0);
    expect([reported, watch.find('ci', 'a')?.status?.phase]).toEqual([[], 'Running']);
    put('a', 'Succeeded');
    await clock.step(0);
    expect(watch.find('ci', 'a')?.status?.phase).toBe('Succeeded');
    cluster.cut();
    await clock.step(200);
    expect(reported).toEqual(['present a/uid-1']);
    stop.abort();
  });

  it('contains all of a list before it notifies of the first object', async () => {
    const { watch, put, listen, stop } = begin();
    put('a');
    put('b');
    const seen: number[] = [];
    listen(() => seen.push(watch.objects.length));
    await watch.sync(stop.signal);
    expect(seen).toEqual([2, 2]);
  });

  it('rejects if the first list fails, and has no staleness before it', async () => {
    const { clock, cluster, watch, stop } = begin();
    cluster.fail('list', 'pods', refusal(403, 'Forbidden'));
    await expect(watch.sync(stop.signal)).rejects.toThrow('Forbidden');
    expect(watch.staleMs).toBeUndefined();
    await watch.sync(stop.signal);
    await clock.step(70);
    expect(watch.staleMs).toBe(70);
  });

  it('counts a bookmark as activity, and continues from its version', async () => {
    const { clock, cluster, watch, run, stop, put } = begin();
    void run();
    await clock.step(5_000);
    put('a');
    cluster.drop(at('a'));
    cluster.bookmark();
    await clock.step(0);
    cluster.compact();
    expect(watch.staleMs).toBe(0);
    cluster.cut();
    await clock.step(100);
    expect([cluster.count('list', 'pods'), cluster.count('watch', 'pods')]).toEqual([1, 2]);
    stop.abort();
  });

  it.each([
    ['a clean end', undefined],
    ['a cut', noAnswer()],
    ['silence', refusal(0, 'Silence')],
  ])('after %s continues from the last version without a new list', async (_, end) => {
    const { clock, cluster, reported, run, stop, put } = begin();
    void run();
    await clock.step(2_000);
    cluster.cut(end);
    put('a');
    await clock.step(200);
    expect(reported).toEqual(['present a/uid-1']);
    expect(cluster.count('list', 'pods')).toBe(1);
    stop.abort();
  });

  it.each([
    ['as an event', undefined],
    ['as a status', refusal(410, 'Expired')],
  ])(
    'after 410 %s lists again at once and notifies of changes during the gap, without reporting an error',
    async (_, status) => {
      const { clock, cluster, reported, troubles, run, stop, put } = begin();
      put('a');
      put('b');
      void run();
      await clock.step(2_000);
      reported.length = 0;
      put('b', 'Running');
      cluster.drop(at('a'));
      cluster.put(at('c'), { metadata: { labels } });
      cluster.compact();
      if (status) cluster.fail('watch', 'pods', status);
      cluster.cut();
      await clock.step(0);
      expect(reported.sort()).toEqual(['gone a/uid-1', 'present b/uid-2', 'present c/uid-3']);
      expect(troubles).toEqual([]);
      stop.abort();
    },
  );

  it('does not busy-loop on a server that responds to each watch, or each page of a list, with 410', async () => {
    for (const verb of ['watch', 'list'] as const) {
      const { clock, cluster, run, stop } = begin();
      cluster.intercept((call) => {
        if (call.verb === verb) throw refusal(410, 'Expired');
      });
      void run();
      await clock.step(60_000);
      expect(cluster.count(verb, 'pods')).toBeLessThan(20);
      stop.abort();
    }
  });

  it('notifies of the deletion and the creation when a name is reused by another object', async () => {
    const { clock, cluster, reported, run, stop, put } = begin();
    put('a');
    void run();
    await clock.step(2_000);
    cluster.drop(at('a'));
    put('a');
    cluster.compact();
    cluster.cut(refusal(410, 'Expired'));
    await clock.step(0);
    expect(reported).toEqual(['present a/uid-1', 'gone a/uid-1', 'present a/uid-2']);
    stop.abort();
  });

  it('lists again after 500; after 429 waits as requested and continues from its version', async () => {
    const { clock, cluster, troubles, run, stop } = begin();
    void run();
    await clock.step(2_000);
    cluster.fail('watch', 'pods', refusal(500, 'InternalError'));
    cluster.cut();
    await clock.step(200);
    expect([cluster.count('list', 'pods'), cluster.count('watch', 'pods')]).toEqual([2, 3]);
    await clock.step(2_000);
    const slower = Object.assign(refusal(429, 'TooManyRequests'), { retryAfterMs: 5_000 });
    cluster.fail('watch', 'pods', slower);
    cluster.cut();
    await clock.step(4_999);
    expect(cluster.count('watch', 'pods')).toBe(4);
    await clock.step(1);
    expect([cluster.count('list', 'pods'), cluster.count('watch', 'pods')]).toEqual([2, 5]);
    expect(troubles.map((one) => one.status)).toEqual([500, 429]);
    stop.abort();
  });

  it('does not busy-loop on a server that closes each watch at once, with or without a bookmark', async () => {
    const { clock, cluster, run, stop } = begin();
    cluster.intercept((call) => {
      if (call.verb === 'watch') {
        queueMicrotask(() => queueMicrotask(() => cluster.bookmark()));
        setImmediate(() => cluster.cut());
      }
    });
    void run();
    await clock.step(60_000);
    expect(cluster.count('watch', 'pods')).toBeLessThan(20);
    stop.abort();
  });

  it('waits longer after each failure, at most 10 s, and briefly again after a working watch', async () => {
    const { clock, cluster, run, stop } = begin();
    let down = true;
    const askedMs: number[] = [];
    cluster.intercept(() => {
      askedMs.push(clock.monotonicMs());
      if (down) throw noAnswer();
    });
    void run();
    await clock.step(60_000);
    const pauses = askedMs.slice(1).map((ms, index) => ms - (askedMs[index] ?? 0));
    expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(Math.max(...pauses)).toBe(10_000);
    down = false;
    await clock.step(20_000);
    expect(cluster.watches).toBe(1);
    cluster.cut(noAnswer());
    await clock.step(100);
    expect(cluster.watches).toBe(1);
    stop.abort();
  });

  it('notifies the other listeners though one fails, and reports that', async () => {
    const { clock, watch, reported, troubles, run, stop, put, listen } = begin();
    put('a');
    put('b');
    listen(() => {
      throw new TypeError('a bug');
    });
    void run();
    await clock.step(0);
    put('c');
    await clock.step(0);
    expect(reported).toHaveLength(3);
    expect(names(watch)).toEqual(['a', 'b', 'c']);
    expect(troubles.map((one) => one.message)).toEqual(Array(3).fill('TypeError: a bug'));
    stop.abort();
  });

  it('passes the previous state with a change, and none with a new object', async () => {
    const { clock, cluster, run, stop, put, listen } = begin();
    const phases: (string | undefined)[] = [];
    listen(({ before }) => phases.push(before?.status?.phase));
    void run();
    await clock.step(0);
    put('a');
    put('a', 'Running');
    cluster.drop(at('a'));
    put('a');
    await clock.step(0);
    expect(phases).toEqual([undefined, 'Pending', 'Running', undefined]);
    stop.abort();
  });

  it('keeps the converted form of an object, and skips one that can’t be converted', async () => {
    const clock = new FakeClock();
    const cluster = new FakeCluster();
    const troubles: KubernetesError[] = [];
    const watch = new ListWatch<V1Pod, string>(clock, cluster, {
      target: place,
      selection: {},
      read: ({ metadata }) => {
        if (metadata?.name === 'odd') throw new TypeError('a bug');
        return `read ${metadata?.name}`;
      },
      onChange: () => undefined,
      onTrouble: (error) => troubles.push(error),
    });
    for (const name of ['odd', 'a', 'b']) cluster.put(at(name), { metadata: {} });
    await watch.sync(new AbortController().signal);
    expect(watch.objects).toEqual(['read a', 'read b']);
    expect(watch.find('ci', 'a')).toBe('read a');
    expect(troubles.map(({ message }) => message)).toEqual(['TypeError: a bug']);
  });

  it('keeps the last known form of an object that can’t be converted any more, until it is deleted', async () => {
    const clock = new FakeClock();
    const cluster = new FakeCluster();
    const reported: string[] = [];
    const watch = new ListWatch<V1Pod, string>(clock, cluster, {
      target: place,
      selection: {},
      read: ({ metadata, status }) => {
        if (status?.phase === 'Odd') throw new TypeError('a bug');
        return `${metadata?.name} ${status?.phase}`;
      },
      onChange: ({ kind, object }) => reported.push(`${kind} ${object}`),
    });
    const stop = new AbortController();
    const put = (phase: string): V1Pod => cluster.put<V1Pod>(at('a'), { status: { phase } });
    put('Running');
    void watch.run(stop.signal);
    await clock.step(0);
    put('Odd');
    await clock.step(0);
    await watch.sync(stop.signal);
    expect(watch.objects).toEqual(['a Running']);
    cluster.drop(at('a'));
    await clock.step(0);
    expect(reported).toEqual(['present a Running', 'gone a Running']);
    expect(watch.objects).toEqual([]);
    stop.abort();
  });

  it('notifies of an object without uid and version too, once', async () => {
    class Nameless extends FakeCluster {
      override async *pages<T extends V1Pod>(...asked: Parameters<FakeCluster['pages']>) {
        for await (const { resourceVersion } of super.pages<T>(...asked))
          yield { resourceVersion, items: [{ metadata: { name: 'a' } } as T] };
      }
    }
    const { watch, reported, stop } = begin(new Nameless());
    await watch.sync(stop.signal);
    await watch.sync(stop.signal);
    expect(reported).toEqual(['present a/undefined']);
  });

  it('never continues from a partial list, which would hide the missing objects', async () => {
    class BreakingLists extends FakeCluster {
      broken = 1;
      override async *pages<T extends V1Pod>(...asked: Parameters<FakeCluster['pages']>) {
        for await (const page of super.pages<T>(...asked)) {
          yield { ...page, items: page.items.slice(0, 1) };
          if (this.broken > 0) throw noAnswer();
          yield { ...page, items: page.items.slice(1) };
        }
      }
    }
    const cluster = new BreakingLists();
    const { clock, watch, run, stop, put, troubles } = begin(cluster);
    put('a');
    put('b');
    void run();
    await clock.step(0);
    expect([troubles.length, watch.objects.length, watch.staleMs]).toEqual([1, 0, undefined]);
    cluster.broken = 0;
    await clock.step(1_000);
    expect(names(watch)).toEqual(['a', 'b']);
    stop.abort();
  });

  it.each(['list', 'watch'] as const)('ends without error when stopped during a %s', async (verb) => {
    const { clock, cluster, troubles, run, stop } = begin();
    cluster.intercept((call) => (call.verb === verb ? new Promise(() => undefined) : undefined));
    const running = run();
    await clock.step(0);
    stop.abort(new Error('stop'));
    await running;
    expect(troubles).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('stops during a delay', async () => {
    const { clock, cluster, run, stop } = begin();
    cluster.intercept(() => {
      throw noAnswer();
    });
    const running = run();
    await clock.step(0);
    stop.abort();
    await running;
    expect(clock.pending).toBe(0);
  });
});

type Deed = 'put' | 'drop' | 'renew' | 'cut' | 'break' | 'compact' | 'bookmark' | 'refuse' | 'wait';
const deeds: readonly Deed[] = [
  'put',
  'drop',
  'renew',
  'cut',
  'break',
  'compact',
  'bookmark',
  'refuse',
  'wait',
];

describe('for any sequence of events', () => {
  it('it ends in the state of the server, and its notifications add up to that state', async () => {
    const plan = fc.array(fc.tuple(fc.constantFrom(...deeds), fc.constantFrom('a', 'b', 'c')), {
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(plan, async (steps) => {
        const { clock, cluster, watch, run, stop, put, listen } = begin();
        const heard = new Map<string, string | undefined>();
        listen(({ kind, object }) => {
          const { uid = '', resourceVersion } = object.metadata ?? {};
          if (kind === 'gone') heard.delete(uid);
          else heard.set(uid, resourceVersion);
        });
        const act: Record<Deed, (name: string) => unknown> = {
          put: (name) => put(name),
          drop: (name) => cluster.drop(at(name)),
          renew: (name) => {
            cluster.drop(at(name));
            put(name);
          },
          cut: () => cluster.cut(),
          break: () => cluster.cut(noAnswer()),
          compact: () => cluster.compact(),
          bookmark: () => cluster.bookmark(),
          refuse: () => cluster.fail('watch', 'pods', refusal(500, 'InternalError'), refusal(410, 'Expired')),
          wait: () => clock.step(150),
        };
        const running = run();
        for (const [deed, name] of steps) await act[deed](name);
        await clock.step(60_000);
        const truth = cluster
          .all<V1Pod>(place)
          .map(({ metadata }) => [metadata?.uid, metadata?.resourceVersion]);
        expect(Object.fromEntries(heard)).toEqual(Object.fromEntries(truth));
        expect(watch.objects).toHaveLength(truth.length);
        stop.abort();
        await running;
      }),
      { numRuns: 60 },
    );
  });
});

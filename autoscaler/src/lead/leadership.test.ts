import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer } from '@hangar/shared/testing/fake-cluster';
import type { V1Lease } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { Leadership } from './leadership.ts';

const TERM_MS = 24_000;
const target = { resource: RESOURCE.leases, namespace: 'ci', name: 'hangar-autoscaler' };

function begin() {
  const [clock, cluster] = [new FakeClock(), new FakeCluster()];
  const log: string[] = [];
  const leaders = new Set<string>();
  let most = 0;
  const start = (replica: string) => {
    const stop = new AbortController();
    const options = { namespace: 'ci', name: 'hangar-autoscaler', replica, termMs: TERM_MS };
    const leadership = new Leadership({ clock, cluster, log: silentLogger }, options);
    const lead = (leading: AbortSignal): Promise<void> => {
      log.push(`${replica} leads`);
      leaders.add(replica);
      most = Math.max(most, leaders.size);
      return new Promise((resolve) =>
        leading.addEventListener('abort', () => {
          leaders.delete(replica);
          log.push(`${replica} stops`);
          resolve();
        }),
      );
    };
    const ended = leadership.run(lead, stop.signal);
    const halt = async () => {
      stop.abort();
      await ended;
    };
    return { leadership, halt, replica };
  };
  const holder = () => cluster.find<V1Lease>(target)?.spec?.holderIdentity;
  /** Calls of these replicas get no answer. */
  const cut = new Set<string>();
  return { clock, cluster, log, start, holder, cut, mostAtOnce: () => most };
}

describe('leadership', () => {
  it('one of two replicas leads, and keeps leading', async () => {
    const { clock, log, start, holder } = begin();
    const a = start('a');
    await clock.step(0);
    const b = start('b');
    await clock.step(10 * TERM_MS);
    expect([a.leadership.isLeading, b.leadership.isLeading]).toEqual([true, false]);
    expect([holder(), b.leadership.holder]).toEqual(['a', 'a']);
    expect(log).toEqual(['a leads']);
    await b.halt();
    await a.halt();
  });

  it('a leader that is stopped releases the Lease, and the other takes over at its next check', async () => {
    const { clock, log, start } = begin();
    const a = start('a');
    await clock.step(0);
    const b = start('b');
    await clock.step(0);
    await a.halt();
    await clock.step(TERM_MS / 4);
    expect(log).toEqual(['a leads', 'a stops', 'b leads']);
    await b.halt();
  });

  it('a leader without answers stops at two thirds of the term, and the other starts at the whole term', async () => {
    const { clock, cluster, log, start, mostAtOnce } = begin();
    const a = start('a');
    await clock.step(0);
    let cutOff = false;
    cluster.intercept(({ body }) => {
      const spec = (body as V1Lease | undefined)?.spec;
      if (cutOff && spec?.holderIdentity === 'a') throw noAnswer();
    });
    const b = start('b');
    await clock.step(0);
    cutOff = true;
    await clock.step((TERM_MS * 2) / 3 - 1);
    expect(log).toEqual(['a leads']);
    await clock.step(1);
    expect(log).toEqual(['a leads', 'a stops']);
    await clock.step(TERM_MS);
    expect(log).toEqual(['a leads', 'a stops', 'b leads']);
    expect(mostAtOnce()).toBe(1);
    cutOff = false;
    await clock.step(2 * TERM_MS);
    expect(log).toHaveLength(3);
    await b.halt();
    await a.halt();
  });

  it('of two that start together, one wins', async () => {
    const { clock, log, start } = begin();
    const [a, b] = [start('a'), start('b')];
    await clock.step(3 * TERM_MS);
    expect(log).toHaveLength(1);
    await a.halt();
    await b.halt();
  });

  it('a jump of the wall clock changes nothing', async () => {
    const { clock, log, start } = begin();
    const a = start('a');
    await clock.step(0);
    const b = start('b');
    for (const jumpMs of [3_600_000, -7_200_000]) {
      clock.jump(jumpMs);
      await clock.step(2 * TERM_MS);
    }
    expect(log).toEqual(['a leads']);
    await b.halt();
    await a.halt();
  });

  it('a short outage for all replicas does not end leadership', async () => {
    const { clock, cluster, log, start } = begin();
    const a = start('a');
    await clock.step(0);
    cluster.fail('get', 'leases', noAnswer(), noAnswer(), noAnswer());
    await clock.step(3 * TERM_MS);
    expect(log).toEqual(['a leads']);
    await a.halt();
  });

  it('a deleted Lease is created again by the same leader', async () => {
    const { clock, cluster, log, start, holder } = begin();
    const a = start('a');
    await clock.step(0);
    cluster.drop(target);
    await clock.step(TERM_MS / 4);
    expect([log, holder()]).toEqual([['a leads'], 'a']);
    await a.halt();
  });

  it('work that fails does not end leadership', async () => {
    const { clock, cluster } = begin();
    const options = { namespace: 'ci', name: 'hangar-autoscaler', replica: 'a', termMs: TERM_MS };
    const leadership = new Leadership({ clock, cluster, log: silentLogger }, options);
    const stop = new AbortController();
    const ended = leadership.run(() => Promise.reject(new Error('boom')), stop.signal);
    await clock.step(TERM_MS);
    expect(leadership.isLeading).toBe(true);
    stop.abort();
    await ended;
  });

  it('a process that was suspended notices that its term is over before any timer fires', async () => {
    /** A monotonic clock that advances while the process is suspended. */
    class SleepyClock extends FakeClock {
      sleptMs = 0;
      override monotonicMs(): number {
        return super.monotonicMs() + this.sleptMs;
      }
    }
    const [clock, cluster] = [new SleepyClock(), new FakeCluster()];
    const options = { namespace: 'ci', name: 'hangar-autoscaler', replica: 'a', termMs: TERM_MS };
    const leadership = new Leadership({ clock, cluster, log: silentLogger }, options);
    const stop = new AbortController();
    const ended = leadership.run(() => Promise.resolve(), stop.signal);
    await clock.step(0);
    const { leading } = leadership;
    clock.sleptMs = (TERM_MS * 2) / 3 - 1;
    expect(leadership.isLeading).toBe(true);
    clock.sleptMs += 1;
    expect([leadership.isLeading, leadership.leading, leading?.aborted]).toEqual([false, undefined, false]);
    await clock.step(TERM_MS / 4);
    expect([leadership.isLeading, leading?.aborted]).toEqual([true, true]);
    stop.abort();
    await ended;
  });

  it('notices a pause annotation on the Lease, and its removal', async () => {
    const { clock, cluster, start } = begin();
    const a = start('a');
    await clock.step(0);
    const annotate = async (value: string): Promise<boolean> => {
      const lease = cluster.find<V1Lease>(target);
      const metadata = { ...lease?.metadata, annotations: { 'hangar.dev/paused': value } };
      cluster.put<V1Lease>(target, { ...lease, metadata });
      await clock.step(TERM_MS / 4);
      return a.leadership.isPaused;
    };
    expect(a.leadership.isPaused).toBe(false);
    expect([await annotate('upgrade'), await annotate('false')]).toEqual([true, false]);
    expect(a.leadership.isLeading).toBe(true);
    await a.halt();
  });
});

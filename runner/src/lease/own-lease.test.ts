import { isTransient } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Lease } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { namespacesOf } from './lease-record.ts';
import { OwnLease } from './own-lease.ts';
import { begin, intent, never, SERVER, TERM_MS, target } from './testing/a-lease.ts';

/** Holds every patch until it is let go. */
function gate(cluster: FakeCluster): { open(): void } {
  let open = (): void => undefined;
  cluster.intercept((call) =>
    call.verb === 'patch'
      ? new Promise<void>((resolve) => {
          open = resolve;
        })
      : undefined,
  );
  return { open: () => open() };
}

describe('taking the Lease', () => {
  it('makes one that names the holder, its term and its kind', async () => {
    const { lease, instance, stored } = begin();
    expect(await lease.take(never)).toEqual({
      intents: [],
      namespaces: [],
      ownNamespaces: [],
      isLost: false,
    });
    expect(stored()).toMatchObject({
      metadata: {
        labels: { 'app.kubernetes.io/managed-by': 'hangar-runner' },
        annotations: { 'hangar.dev/server': SERVER },
      },
      spec: {
        holderIdentity: `r1/pod-1/${instance}`,
        leaseDurationSeconds: 24,
        renewTime: '2026-01-14T09:30:00.000000Z',
      },
    });
    expect(lease.owner).toBe('ci/hangar-runner-r1');
  });

  it('hands back what a previous process had in hand, and keeps it written (known issue 13)', async () => {
    const before = begin();
    await before.lease.take(never);
    await before.lease.enter('drone-x', 'own', never);
    await before.lease.intend(intent(63), never);
    const { lease, stageIds, stored } = begin(before.cluster);
    expect(await lease.take(never)).toEqual({
      intents: [intent(63)],
      namespaces: ['drone-x'],
      ownNamespaces: ['drone-x'],
      isLost: true,
    });
    await lease.intend(intent(64), never);
    expect(stageIds()).toEqual([63, 64]);
    expect(namespacesOf(stored())).toEqual(['drone-x']);
  });

  it('keeps nothing in hand that was another Drone server’s, but where it may have left something', async () => {
    const before = begin();
    await before.lease.take(never);
    await before.lease.enter('drone-x', 'own', never);
    await before.lease.intend(intent(63), never);
    const { lease, stageIds, stored } = begin(before.cluster, 'https://drone.acme.test:8443');
    expect(await lease.take(never)).toMatchObject({ intents: [], ownNamespaces: ['drone-x'] });
    expect([stageIds(), namespacesOf(stored())]).toEqual([[], ['drone-x']]);
  });

  it.each([
    ['no answer, the Lease not made', 'create', noAnswer()],
    ['429', 'get', refusal(429, 'TooManyRequests')],
    ['500', 'get', refusal(500, 'InternalError')],
    ['a Lease that appears between read and write', 'create', refusal(409, 'AlreadyExists')],
  ] as const)('bears %s', async (_, verb, error) => {
    const { clock, cluster, lease, instance, stored } = begin();
    cluster.fail(verb, 'leases', error);
    const taken = lease.take(never);
    await clock.step(200);
    await taken;
    expect(stored().spec?.holderIdentity).toBe(`r1/pod-1/${instance}`);
  });

  it('bears a creation whose answer was lost', async () => {
    const { clock, cluster, lease, instance, stored } = begin();
    let lost = true;
    cluster.intercept((call) => {
      if (call.verb !== 'create' || !lost) return undefined;
      lost = false;
      return 'lost';
    });
    const taken = lease.take(never);
    await clock.step(200);
    expect(await taken).toEqual({ intents: [], namespaces: [], ownNamespaces: [], isLost: false });
    expect(stored().spec?.holderIdentity).toBe(`r1/pod-1/${instance}`);
  });

  it('does not carry on what another replica took over between read and write', async () => {
    const before = begin();
    await before.lease.take(never);
    await before.lease.intend(intent(63), never);
    const { clock, cluster, lease, stageIds } = begin(before.cluster);
    let first = true;
    cluster.intercept((call) => {
      if (call.verb === 'patch' && first) {
        first = false;
        cluster.drop(target);
      }
    });
    const taken = lease.take(never);
    await clock.step(200);
    expect(await taken).toEqual({ intents: [], namespaces: [], ownNamespaces: [], isLost: false });
    expect([stageIds(), lease.lost.aborted]).toEqual([[], false]);
  });

  it('retries for as long as the API server is away', async () => {
    const { clock, cluster, lease } = begin();
    let isAway = true;
    cluster.intercept(() => {
      if (isAway) throw noAnswer();
    });
    const taken = lease.take(never);
    await clock.step(1_200_000);
    expect(cluster.count('get', 'leases')).toBeGreaterThan(100);
    isAway = false;
    await clock.step(10_000);
    expect((await taken).intents).toEqual([]);
  });

  it('continues after a right was missing for a moment, and rejects when it is missing for half a minute', async () => {
    const forbidden = Array.from({ length: 8 }, () => refusal(403, 'Forbidden'));
    const brief = begin();
    brief.cluster.fail('get', 'leases', ...forbidden);
    const taken = brief.lease.take(never);
    await brief.clock.step(60_000);
    expect((await taken).intents).toEqual([]);

    const denied = begin();
    denied.cluster.fail('get', 'leases', ...forbidden, refusal(403, 'Forbidden'));
    const refused = expect(denied.lease.take(never)).rejects.toThrow('Forbidden');
    await denied.clock.step(60_000);
    await refused;
  });

  it('stops in the middle of its patience', async () => {
    const { clock, cluster, lease } = begin();
    const stop = new AbortController();
    cluster.fail('get', 'leases', noAnswer());
    const taken = lease.take(stop.signal);
    await settle();
    stop.abort(new Error('stop'));
    await expect(taken).rejects.toThrow('stop');
    expect(clock.pending).toBe(0);
  });
});

describe('a Lease that another process of the same name holds', () => {
  /** One that holds it, and one that comes, each in a Pod of its own (or in none), by the same clock. */
  async function two(podUids: readonly [string, string] = ['', '']) {
    const first = begin(new FakeCluster(), SERVER, podUids[0]);
    await first.lease.take(never);
    await first.lease.intend(intent(63), never);
    const second = begin(first.cluster, SERVER, podUids[1], first.clock);
    return { first, second, clock: first.clock };
  }
  const outcome = (taking: Promise<{ intents: readonly unknown[] }>): Promise<string> =>
    taking.then(
      ({ intents }) => `taken with ${intents.length}`,
      (error: unknown) => String(error),
    );

  it('is refused while it is renewed, with the cure, and not touched', async () => {
    const { first, second, clock } = await two();
    const stop = new AbortController();
    const kept = first.lease.keep(stop.signal);
    const ended = outcome(second.lease.take(never));
    await clock.step(TERM_MS / 2);
    expect(await ended).toMatch(/^LeaseHeld: .*ci\/hangar-runner-r1 .*POD_NAME/);
    expect(first.stored().spec?.holderIdentity).toBe(`r1//${first.instance}`);
    stop.abort();
    await kept;
    await first.lease.release(never);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['outside a cluster', ['', '']],
    ['in another Pod', ['pod-1', 'pod-2']],
  ] as const)('is taken with all in it after two missed renewals, %s', async (_, podUids) => {
    const { second, clock } = await two(podUids);
    let isOver = false;
    const ended = outcome(second.lease.take(never)).finally(() => (isOver = true));
    await clock.step(TERM_MS / 2 - 1);
    expect(isOver).toBe(false);
    await clock.step(1);
    expect(await ended).toBe('taken with 1');
    expect(second.stored().spec?.holderIdentity).toContain(second.instance);
  });

  it('is taken at once by the next process in the same Pod, after it was let go, or after a whole silent term', async () => {
    const samePod = await two(['pod-1', 'pod-1']);
    expect(await outcome(samePod.second.lease.take(never))).toBe('taken with 1');
    const ungate = await two();
    await ungate.first.lease.release(never);
    expect(await outcome(ungate.second.lease.take(never))).toBe('taken with 1');
    const silent = await two();
    await silent.clock.step(TERM_MS + 1);
    expect(await outcome(silent.second.lease.take(never))).toBe('taken with 1');
  });

  it('is taken as soon as it is let go, and made anew when somebody removes it meanwhile', async () => {
    const ungate = await two();
    const taking = outcome(ungate.second.lease.take(never));
    await ungate.first.lease.release(never);
    await ungate.clock.step(TERM_MS / 8);
    expect(await taking).toBe('taken with 1');
    const removed = await two();
    const making = outcome(removed.second.lease.take(never));
    removed.first.cluster.drop(target);
    await removed.clock.step(TERM_MS / 8);
    expect(await making).toBe('taken with 0');
  });

  it('goes to one of two that come at once; the other is refused', async () => {
    const { first, second, clock } = await two();
    const third = begin(first.cluster, SERVER, '', clock);
    const all = Promise.all([outcome(second.lease.take(never)), outcome(third.lease.take(never))]);
    await clock.step(TERM_MS / 2 + 200);
    void second.lease.keep(never);
    void third.lease.keep(never);
    await clock.step(TERM_MS / 2);
    expect((await all).map((one) => one.replace(/: .*/, '')).sort()).toEqual(['LeaseHeld', 'taken with 1']);
  });

  it('is lost to a holder that was asleep when it was taken: it writes nothing over the other’s', async () => {
    const { first, second, clock } = await two();
    const taking = second.lease.take(never);
    await clock.step(TERM_MS / 2);
    await taking;
    await expect(first.lease.intend(intent(64), never)).rejects.toThrow();
    expect(first.lease.lost.aborted).toBe(true);
    expect(second.stageIds()).toEqual([63]);
  });

  it('is not lost to somebody who only edits it, nor by an answer that got lost', async () => {
    const { cluster, lease, stored, stageIds } = begin();
    await lease.take(never);
    cluster.put<V1Lease>(target, {
      ...stored(),
      metadata: { ...stored().metadata, labels: { edited: 'yes' } },
    });
    await lease.intend(intent(1), never);
    let isLost = true;
    cluster.intercept((call) => {
      if (call.verb !== 'patch' || !isLost) return undefined;
      isLost = false;
      return 'lost';
    });
    await expect(lease.intend(intent(2), never)).rejects.toThrow('no answer');
    await lease.intend(intent(3), never);
    expect([stageIds(), lease.lost.aborted]).toEqual([[1, 2, 3], false]);
  });
});

describe('keeping the Lease', () => {
  it('renews four times a term', async () => {
    const { clock, cluster, lease, stored } = begin();
    await lease.take(never);
    const stop = new AbortController();
    const kept = lease.keep(stop.signal);
    await clock.step(TERM_MS);
    expect(cluster.count('patch', 'leases')).toBe(4);
    expect(stored().spec?.renewTime).toBe('2026-01-14T09:30:24.000000Z');
    stop.abort();
    await kept;
    await clock.step(TERM_MS * 2);
    expect(lease.lost.aborted).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('is lost at two thirds of the term after the last renewal, by the monotonic clock, and not before', async () => {
    const { clock, cluster, lease } = begin();
    await lease.take(never);
    cluster.intercept(() => {
      throw noAnswer();
    });
    const kept = lease.keep(never);
    clock.jump(-3_600_000);
    await clock.step((TERM_MS * 2) / 3 - 1);
    expect(lease.lost.aborted).toBe(false);
    await clock.step(1);
    expect(lease.lost.aborted).toBe(true);
    await kept;
    expect(clock.pending).toBe(0);
  });

  it('is lost at that time though a write hangs without any answer', async () => {
    const { clock, cluster, lease } = begin();
    await lease.take(never);
    cluster.intercept(() => new Promise(() => undefined));
    const kept = lease.keep(never);
    await clock.step((TERM_MS * 2) / 3);
    expect(lease.lost.aborted).toBe(true);
    await clock.step(TERM_MS);
    await kept;
  });

  it('counts from the beginning of a write, not from its answer', async () => {
    const { clock, cluster, lease } = begin();
    await lease.take(never);
    const held = gate(cluster);
    void lease.keep(never);
    await clock.step(6_000);
    await clock.step(5_000);
    held.open();
    await clock.step(0);
    cluster.intercept(() => {
      throw noAnswer();
    });
    await clock.step(10_999);
    expect(lease.lost.aborted).toBe(false);
    await clock.step(1);
    expect(lease.lost.aborted).toBe(true);
  });

  it('tries a failed renewal again soon, so that a short outage costs nothing', async () => {
    const { clock, cluster, lease } = begin();
    await lease.take(never);
    cluster.fail(
      'patch',
      'leases',
      noAnswer(),
      refusal(500, 'InternalError'),
      refusal(429, 'TooManyRequests'),
    );
    void lease.keep(never);
    await clock.step(6_000 + 3 * 1_500);
    expect(cluster.count('patch', 'leases')).toBe(4);
    await clock.step(TERM_MS * 3);
    expect(lease.lost.aborted).toBe(false);
  });

  it('is lost at once when somebody removed it: its Pods are another’s now', async () => {
    const { clock, cluster, lease } = begin();
    await lease.take(never);
    void lease.keep(never);
    cluster.drop(target);
    await clock.step(6_000);
    expect(lease.lost.aborted).toBe(true);
    await expect(lease.intend(intent(1), never)).rejects.toThrow('lost');
    expect(cluster.find(target)).toBeUndefined();
  });
});

describe('intents', () => {
  it('stand in the Lease when it resolves, and go with the next write after they are settled', async () => {
    const { lease, stageIds } = begin();
    await lease.take(never);
    await lease.intend(intent(1), never);
    expect(stageIds()).toEqual([1]);
    lease.settle(1);
    expect(stageIds()).toEqual([1]);
    await lease.intend(intent(2), never);
    expect(stageIds()).toEqual([2]);
  });

  it('of any number of accepts at once share one write after the one under way (known issue 53)', async () => {
    const { cluster, lease, stageIds } = begin();
    await lease.take(never);
    const held = gate(cluster);
    const first = lease.intend(intent(1), never);
    const rest = Array.from({ length: 50 }, (_, n) => lease.intend(intent(n + 2), never));
    await settle();
    held.open();
    await first;
    await settle();
    held.open();
    await Promise.all(rest);
    expect(cluster.count('patch', 'leases')).toBe(2);
    expect(stageIds()).toHaveLength(51);
  });

  it('of one that is stopped do not stop those of others', async () => {
    const { cluster, lease, stageIds } = begin();
    await lease.take(never);
    const held = gate(cluster);
    const stop = new AbortController();
    const stopped = lease.intend(intent(1), stop.signal);
    const shared = lease.intend(intent(2), never);
    await settle();
    stop.abort(new Error('cancelled'));
    await expect(stopped).rejects.toThrow('cancelled');
    held.open();
    await settle();
    held.open();
    await shared;
    expect(stageIds()).toEqual([1, 2]);
  });

  it('reject when the write fails, and the next write is a new one', async () => {
    const { cluster, lease, stageIds } = begin();
    await lease.take(never);
    cluster.fail('patch', 'leases', refusal(500, 'InternalError'));
    const failing = lease.intend(intent(1), never);
    const next = lease.intend(intent(2), never);
    await expect(failing).rejects.toThrow('InternalError');
    await next;
    expect(stageIds()).toEqual([1, 2]);
  });

  it.each([1, 2, 5])(
    'stand in the Lease after %i conflicts in a row, while it is ours',
    async (conflicts) => {
      const { clock, cluster, lease, stageIds } = begin();
      await lease.take(never);
      cluster.fail('patch', 'leases', ...Array.from({ length: conflicts }, () => refusal(409, 'Conflict')));
      const written = lease.intend(intent(1), never);
      await clock.step(1_000);
      await written;
      expect(stageIds()).toEqual([1]);
    },
  );

  it('give up a write that conflicts again and again as one without an answer, which callers repeat', async () => {
    const { clock, cluster, lease } = begin();
    await lease.take(never);
    cluster.fail('patch', 'leases', ...Array.from({ length: 1_000 }, () => refusal(409, 'Conflict')));
    const failing = lease.intend(intent(1), never).catch((error: unknown) => error);
    await clock.step(TERM_MS / 4);
    expect(isTransient(await failing)).toBe(true);
    expect(lease.lost.aborted).toBe(false);
  });

  it('give up a write that hangs, long before the Lease is lost', async () => {
    const { clock, cluster, lease } = begin();
    await lease.take(never);
    gate(cluster);
    const failing = lease.intend(intent(1), never).catch((error: unknown) => String(error));
    await clock.step(TERM_MS / 4);
    expect(await failing).toContain('in time');
    expect(lease.lost.aborted).toBe(false);
  });
});

describe('namespaces', () => {
  it('are written once, and again only if that failed', async () => {
    const { cluster, lease, stored } = begin();
    await lease.take(never);
    cluster.fail('patch', 'leases', noAnswer());
    await expect(lease.enter('drone-x', 'own', never)).rejects.toThrow('no answer');
    await lease.enter('drone-x', 'own', never);
    await lease.enter('drone-x', 'own', never);
    expect(cluster.count('patch', 'leases')).toBe(2);
    expect(namespacesOf(stored())).toEqual(['drone-x']);
  });

  it('that are gone are written no more, so that random ones do not fill the Lease', async () => {
    const { lease, stored } = begin();
    await lease.take(never);
    for (let n = 0; n < 20; n++) {
      await lease.enter(`drone-${n}`, 'own', never);
      lease.leave(`drone-${n}`);
    }
    await lease.enter('ci', 'shared', never);
    expect(namespacesOf(stored())).toEqual(['ci']);
  });
});

describe('letting go', () => {
  it('names no holder any more, keeps what is left to do, and leaves no timer', async () => {
    const { clock, lease, stored, stageIds } = begin();
    await lease.take(never);
    await lease.intend(intent(1), never);
    await lease.release(never);
    expect(stored().spec?.holderIdentity).toBe('');
    expect(stageIds()).toEqual([1]);
    expect(clock.pending).toBe(0);
  });

  it('never rejects: not on an error, not when it takes too long, and writes nothing once it is lost', async () => {
    const failing = begin();
    await failing.lease.take(never);
    failing.cluster.fail('patch', 'leases', noAnswer());
    await failing.lease.release(never);
    const slow = begin();
    await slow.lease.take(never);
    gate(slow.cluster);
    await slow.lease.release(AbortSignal.abort(new Error('too long')));
    const lost = begin();
    await lost.lease.take(never);
    await lost.clock.step(TERM_MS);
    await lost.lease.release(never);
    expect(lost.cluster.count('patch', 'leases')).toBe(0);
  });
});

describe('a former process of the same name outside a Pod', () => {
  it.each([
    ['is followed at once when it is certain that it has ended', true, true],
    ['is waited for when nobody knows', false, false],
  ])('%s', async (_, isGone, isAtOnce) => {
    const before = begin(new FakeCluster(), SERVER, '');
    await before.lease.take(never);
    await before.lease.intend(intent(63), never);
    const asked: string[] = [];
    const lease = new OwnLease(
      { clock: before.clock, cluster: before.cluster, log: silentLogger },
      {
        namespace: 'ci',
        holder: {
          replica: 'r1',
          podUid: '',
          instance: 'next',
          isGone: (instance) => asked.push(instance) > 0 && isGone,
        },
        termMs: TERM_MS,
        server: SERVER,
      },
    );
    let taken = 0;
    void lease.take(never).then(({ intents }) => (taken = intents.length));
    await settle();
    expect([taken > 0, asked]).toEqual([isAtOnce, [before.instance]]);
    await before.clock.step(TERM_MS);
    expect(taken).toBe(1);
  });
});

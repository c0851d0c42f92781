import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import type { CoreV1Event } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { watchEvents } from './event-watch.ts';

function begin(namespace = 'ci') {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const reported: string[] = [];
  const warned: string[] = [];
  const log = { ...silentLogger, warn: (_fields: object, text: string) => void warned.push(text) };
  let ended = false;
  const run = () => {
    const tell = (uid: string, { text }: { text: string }) => void reported.push(`${uid}: ${text}`);
    void watchEvents({ clock, random: () => 0.5, cluster, log, tell }, namespace, stop.signal).then(
      () => (ended = true),
    );
    return settle();
  };
  const put = (name: string, image: string, pod = 'drone-a', place = 'ci') => {
    const event: CoreV1Event = {
      metadata: {},
      involvedObject: { kind: 'Pod', name: pod, uid: `uid of ${pod}` },
      reason: 'Pulling',
      message: `Pulling image "${image}"`,
    };
    cluster.put({ resource: RESOURCE.events, namespace: place, name }, event);
    return settle();
  };
  return { clock, cluster, stop, reported, warned, run, put, isOver: () => ended };
}

describe('the watch of Events', () => {
  it('reports existing and new Events, of the runner’s Pods only, with one request', async () => {
    const { run, put, reported, cluster } = begin();
    await put('1', 'before:1');
    await put('2', 'theirs:1', 'postgres-0');
    await run();
    await put('3', 'after:1');

    expect(reported).toEqual([
      'uid of drone-a: pulling image before:1',
      'uid of drone-a: pulling image after:1',
    ]);
    expect([cluster.count('watch', 'events'), cluster.count('list', 'events')]).toEqual([1, 0]);
    expect(cluster.calls[0]?.body).toMatchObject({
      fieldSelector:
        'involvedObject.kind=Pod,reason!=Scheduled,reason!=Created,reason!=Started,reason!=Killing',
    });
  });

  it.each([
    ['one namespace', 'ci', 1],
    ['all of them', '', 2],
  ])('watches %s', async (_sentence, namespace, want) => {
    const { run, put, reported } = begin(namespace);
    await put('1', 'a:1');
    await put('1', 'b:1', 'drone-b', 'other');
    await run();

    expect(reported).toHaveLength(want);
  });

  it('continues after a cut from its version, and after an expired version from the existing Events', async () => {
    const { run, put, reported, cluster, clock } = begin();
    await run();
    await put('1', 'a:1');
    cluster.cut(refusal(0, 'NoAnswer'));
    await put('2', 'b:1');
    await clock.step(60_000);
    expect(reported).toHaveLength(2);

    cluster.cut();
    cluster.compact();
    await put('3', 'c:1');
    cluster.compact();
    await clock.step(60_000);
    await clock.step(60_000);
    expect(reported.at(-1)).toBe('uid of drone-a: pulling image c:1');
  });

  it('does not busy-loop on a server that closes at once', async () => {
    const { run, cluster, clock } = begin();
    cluster.intercept(({ verb }) => (verb === 'watch' ? Promise.reject(refusal(500, 'Broken')) : undefined));
    await run();
    await clock.step(600_000);

    expect(cluster.count('watch', 'events')).toBeGreaterThan(10);
    expect(cluster.count('watch', 'events')).toBeLessThan(100);
  });

  it.each([401, 403])(
    'ends if the right is missing (%i), with one warning that names the remedy',
    async (status) => {
      const { run, cluster, clock, warned, isOver } = begin();
      cluster.fail('watch', 'events', refusal(status, 'Forbidden', 'no'));
      await run();
      await clock.step(600_000);

      expect(warned).toEqual([expect.stringContaining('allow the runner to watch events')]);
      expect([isOver(), cluster.count('watch', 'events')]).toEqual([true, 1]);
    },
  );

  it('ends with its signal', async () => {
    const { run, stop, isOver, cluster } = begin();
    await run();
    stop.abort();
    await settle();

    expect([isOver(), cluster.watches]).toEqual([true, 0]);
  });
});

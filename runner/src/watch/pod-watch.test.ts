import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LABEL } from '../pipeline/compiled.ts';
import { PodWatch } from './pod-watch.ts';

const podAt = (name: string, namespace = 'ci') => ({ resource: RESOURCE.pods, namespace, name });
const labels = { [LABEL.managedBy]: LABEL.managedByValue };

function begin() {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const troubles: string[] = [];
  const watch = new PodWatch(clock, cluster, {
    onTrouble: (namespace, { status }) => troubles.push(`${namespace} ${status}`),
  });
  const put = (name: string, more: object = {}, namespace = 'ci') =>
    cluster.put<V1Pod>(podAt(name, namespace), { metadata: { labels }, ...more });
  return { clock, cluster, stop, watch, troubles, put };
}

describe('the watch of all Pods (previous-runner §5.5)', () => {
  it('contains the Pods of Hangar in the watched namespaces, and no others', async () => {
    const { watch, put, stop, cluster } = begin();
    put('a');
    put('b', {}, 'other');
    cluster.put<V1Pod>(podAt('foreign'), { metadata: {} });
    await watch.follow('ci', stop.signal);
    expect(watch.pods.map(({ metadata }) => metadata?.name)).toEqual(['a']);
    await watch.follow('other', stop.signal);
    expect(watch.pods).toHaveLength(2);
  });

  it('lists a namespace once for all callers, and lets all of them wait for it (known issue 10)', async () => {
    const { watch, put, stop, cluster } = begin();
    put('a');
    let open = (): void => undefined;
    cluster.intercept(({ verb }) =>
      verb === 'list'
        ? new Promise<void>((resolve) => Object.assign({}, { open: (open = resolve) }))
        : undefined,
    );
    let followed = 0;
    for (let turn = 0; turn < 3; turn++) void watch.follow('ci', stop.signal).then(() => followed++);
    await settle();
    expect(followed).toBe(0);
    open();
    await settle();
    expect([followed, cluster.count('list', 'pods')]).toEqual([3, 1]);
  });

  it('follows a namespace anew if the watch for an earlier signal is about to end', async () => {
    const { watch, put, stop, cluster } = begin();
    put('a');
    const earlier = new AbortController();
    await watch.follow('ci', earlier.signal);
    earlier.abort();
    await watch.follow('ci', stop.signal);
    await settle();
    expect(watch.pods.map(({ metadata }) => metadata?.name)).toEqual(['a']);
    expect(cluster.count('list', 'pods')).toBe(2);
  });

  it('rejects if the first list fails, and can be started again', async () => {
    const { watch, stop, cluster } = begin();
    cluster.fail('list', 'pods', refusal(403, 'Forbidden'));
    await expect(watch.follow('ci', stop.signal)).rejects.toMatchObject({ status: 403 });
    await expect(watch.follow('ci', stop.signal)).resolves.toBeUndefined();
  });

  it('notifies its listeners of every change, until they unsubscribe', async () => {
    const { watch, put, stop, cluster } = begin();
    await watch.follow('ci', stop.signal);
    const heard: string[] = [];
    const unlisten = watch.listen(({ kind, object }) => heard.push(`${kind} ${object.metadata?.name}`));
    put('a');
    await settle();
    cluster.drop(podAt('a'));
    await settle();
    unlisten();
    put('b');
    await settle();
    expect(heard).toEqual(['present a', 'gone a']);
  });

  it('reports errors by namespace, and the time without an event', async () => {
    const { watch, stop, cluster, troubles, clock } = begin();
    expect(watch.staleMs).toBe(0);
    await watch.follow('ci', stop.signal);
    cluster.fail('watch', 'pods', refusal(500, 'InternalError'));
    cluster.cut();
    await clock.step(5_000);
    expect(troubles).toContain('ci 500');
    expect(watch.staleMs).toBeLessThanOrEqual(5_000);
  });

  it('stops watching a namespace, for good or temporarily', async () => {
    const { watch, put, stop, cluster } = begin();
    put('a');
    await watch.follow('ci', stop.signal);
    await settle();
    expect(cluster.watches).toBe(1);
    watch.leave('ci');
    watch.leave('never-followed');
    await settle();
    expect([watch.pods, cluster.watches]).toEqual([[], 0]);
    await watch.follow('ci', stop.signal);
    expect(watch.pods).toHaveLength(1);
  });

  it('ends with its signal', async () => {
    const { watch, stop, cluster } = begin();
    await watch.follow('ci', stop.signal);
    await settle();
    stop.abort();
    await watch.ended();
    expect(cluster.watches).toBe(0);
  });
});

describe('the feed of one Pod', () => {
  it('starts with the given Pod, and follows its changes', async () => {
    const { watch, put, stop, cluster } = begin();
    await watch.follow('ci', stop.signal);
    const given = put('a');
    const feed = watch.feed(given);
    expect(feed.pod).toBe(given);
    const seen: (string | undefined)[] = [];
    const unsubscribe = feed.subscribe(() => seen.push(feed.gone ? 'gone' : feed.pod?.status?.phase));
    put('a', { status: { phase: 'Running' } });
    await settle();
    cluster.drop(podAt('a'));
    await settle();
    unsubscribe();
    expect(seen).toEqual([undefined, 'Running', 'gone']);
  });

  it('starts with the Pod that the watch has already, if that is newer', async () => {
    const { watch, put, stop } = begin();
    const given = put('a');
    put('a', { status: { phase: 'Running' } });
    await watch.follow('ci', stop.signal);
    expect(watch.feed(given).pod?.status?.phase).toBe('Running');
  });

  it('ignores another Pod of the same name', async () => {
    const { watch, put, stop, cluster } = begin();
    const given = put('a');
    cluster.drop(podAt('a'));
    put('a', { status: { phase: 'Running' } });
    await watch.follow('ci', stop.signal);
    expect(watch.feed(given).pod).toBe(given);
  });

  it('is gone at once for a Pod that was deleted shortly before', async () => {
    const { watch, put, stop, cluster } = begin();
    const given = put('a');
    await watch.follow('ci', stop.signal);
    expect(watch.feed(given).gone).toBe(false);
    await settle();
    cluster.drop(podAt('a'));
    await settle();
    expect(watch.feed(given).gone).toBe(true);
  });

  it('may exist several times, each closed separately', async () => {
    const { watch, put, stop } = begin();
    await watch.follow('ci', stop.signal);
    const given = put('a');
    const [one, two] = [watch.feed(given), watch.feed(given)];
    one.close();
    put('a', { status: { phase: 'Running' } });
    await settle();
    expect([one.pod?.status, two.pod?.status?.phase]).toEqual([undefined, 'Running']);
    two.close();
  });
});

describe('notices of Pods', () => {
  const aNotice = (text: string) => ({ key: text, text, atMs: 1, container: '', lasts: true });

  it('reach every listener, earlier ones included, each once', async () => {
    const { watch, put, stop } = begin();
    const pod = put('a');
    const uid = pod.metadata?.uid ?? '';
    await watch.follow('ci', stop.signal);
    watch.notice(uid, aNotice('before'));
    watch.notice('another', aNotice('theirs'));
    const feed = watch.feed(pod);
    let calls = 0;
    feed.subscribe(() => calls++);
    watch.notice(uid, aNotice('after'));
    watch.notice(uid, aNotice('after'));

    expect(feed.notices.map(({ text }) => text)).toEqual(['before', 'after']);
    expect(calls).toBe(1);
  });

  it('are limited in number per Pod, and to the most recent Pods', () => {
    const { watch } = begin();
    const feedOf = (uid: string) => watch.feed({ metadata: { namespace: 'ci', name: uid, uid } });
    for (let n = 0; n < 100; n++) watch.notice('chatty', aNotice(`${n}`));
    expect(feedOf('chatty').notices).toHaveLength(40);
    for (let n = 0; n < 1_000; n++) watch.notice(`pod ${n}`, aNotice('x'));

    expect(feedOf('chatty').notices).toEqual([]);
    expect(feedOf('pod 0').notices).toHaveLength(1);
  });

  it('are dropped with their Pod, also those that arrive later', async () => {
    const { watch, put, stop, cluster } = begin();
    const pod = put('a');
    const uid = pod.metadata?.uid ?? '';
    await watch.follow('ci', stop.signal);
    await settle();
    watch.notice(uid, aNotice('before'));
    cluster.drop(podAt('a'));
    await settle();
    watch.notice(uid, aNotice('late'));

    expect(watch.feed(pod).notices).toEqual([]);
  });
});

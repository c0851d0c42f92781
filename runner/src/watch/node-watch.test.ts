import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aNodeObject, NO_RESERVE, type NodeChange } from '../admit/testing/a-node.ts';
import { NodeWatch } from './node-watch.ts';

const target = (name: string) => ({ resource: RESOURCE.nodes, name });

function begin(names: readonly string[] = ['n1']) {
  const cluster = new FakeCluster();
  const put = (name: string, change: NodeChange = {}) => cluster.put(target(name), aNodeObject(name, change));
  for (const name of names) put(name);
  const clock = new FakeClock();
  const said: string[] = [];
  const log = { warn: (_fields: object, text: string) => void said.push(text) };
  const watch = new NodeWatch({ clock, cluster, log }, NO_RESERVE);
  let heard = 0;
  watch.listen(() => void heard++);
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const run = async (): Promise<void> => {
    void watch.run(stop.signal);
    await settle();
  };
  const namesOf = (): unknown => [watch.nodes, watch.everSeen].map((all) => all?.map(({ name }) => name));
  return { cluster, clock, watch, said, put, run, namesOf, signal: stop.signal, heard: () => heard };
}

describe('the nodes of the cluster', () => {
  it('are unknown before the first list, and none is another answer', async () => {
    const { watch, signal } = begin([]);
    expect(watch.nodes).toBeUndefined();
    await watch.list(signal);
    expect(watch.nodes).toEqual([]);
  });

  it('are listed once, and followed from there', async () => {
    const { cluster, watch, run, put, namesOf, signal } = begin();
    await watch.list(signal);
    await run();
    put('n2');
    await settle();
    expect([namesOf(), cluster.count('list', 'nodes')]).toEqual([
      [
        ['n1', 'n2'],
        ['n1', 'n2'],
      ],
      1,
    ]);
  });

  it('are remembered when they are gone: they may come back', async () => {
    const { cluster, run, namesOf } = begin(['n1', 'n2']);
    await run();
    cluster.drop(target('n2'));
    await settle();
    expect(namesOf()).toEqual([['n1'], ['n1', 'n2']]);
  });

  it('are heard of when they change for admission, and not by every report of a kubelet', async () => {
    const { run, put, heard } = begin();
    await run();
    const before = heard();
    put('n1');
    await settle();
    expect(heard()).toBe(before);
    put('n1', { unschedulable: true });
    await settle();
    expect(heard()).toBe(before + 1);
  });

  it('stay as they were while the API server refuses them, with a line in the log, and are listed again', async () => {
    const { cluster, clock, run, put, said, watch } = begin();
    await run();
    cluster.fail('list', 'nodes', refusal(403, 'Forbidden'));
    cluster.cut(refusal(403, 'Forbidden'));
    await settle();
    put('n1', { unschedulable: true });
    await clock.step(1);
    expect([watch.nodes?.[0]?.taints, said]).toEqual([[], ['the watch of nodes failed']]);
    await clock.step(60_000);
    expect(watch.nodes?.[0]?.taints).toHaveLength(1);
  });

  it('are reported once when an autoscaled one appears later', async () => {
    const { run, put, said } = begin();
    await run();
    expect(said).toEqual([]);
    for (const name of ['n2', 'n3']) put(name, { labels: { 'karpenter.sh/nodepool': 'builds' } });
    await settle();
    expect(said).toEqual([
      'a node is autoscaled: stages that can be scheduled to it do not wait for room on nodes',
    ]);
  });
});

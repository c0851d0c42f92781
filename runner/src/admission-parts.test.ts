import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { queueOf } from './admission-parts.ts';
import { NO_LOAD } from './admit/admit.ts';
import { aNodeObject, NO_RESERVE, type NodeChange } from './admit/testing/a-node.ts';
import { loadConfig } from './config/load.ts';
import { signed, testOrigin } from './launch/testing/test-origin.ts';
import { anEntry } from './metrics/testing/an-entry.ts';
import { ANNOTATION, LABEL } from './pipeline/compiled.ts';
import { StageRegistry } from './stage-registry.ts';
import { NodeWatch } from './watch/node-watch.ts';
import { PodWatch } from './watch/pod-watch.ts';

const never = new AbortController().signal;
const NODE = { resource: RESOURCE.nodes, name: 'n1' };
const ONE = { ...NO_LOAD, pipelines: 1, pods: 1 };

interface PodOptions {
  readonly repo?: string;
  readonly phase?: string;
  /** Whether a runner of this installation made it. */
  readonly isSigned?: boolean;
}

const podOf = (
  stageId: number,
  { repo = 'acme/widget', phase = 'Running', isSigned = true }: PodOptions = {},
) => {
  const pod: V1Pod = {
    metadata: {
      name: `drone-${stageId}`,
      namespace: 'ci',
      labels: { [LABEL.managedBy]: LABEL.managedByValue, [LABEL.stageId]: String(stageId) },
      annotations: { 'io.drone.repo.slug': repo, [ANNOTATION.owner]: 'ci/other' },
    },
    spec: { containers: [] },
    status: { phase },
  };
  return isSigned ? signed(pod) : pod;
};

/** The queue of one replica, in a cluster with these Pods. */
async function queueWith(
  env: Readonly<Record<string, string>>,
  pods: readonly V1Pod[] = [],
  node?: NodeChange,
) {
  const cluster = new FakeCluster();
  for (const pod of pods)
    cluster.put({ resource: RESOURCE.pods, namespace: 'ci', name: pod.metadata?.name ?? '' }, pod);
  const podWatch = new PodWatch(new FakeClock(), cluster, { onTrouble: () => undefined });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  await podWatch.follow('ci', stop.signal);
  const putNode = (change: NodeChange) => cluster.put(NODE, aNodeObject('n1', change));
  if (node) putNode(node);
  const nodes = new NodeWatch({ clock: new FakeClock(), cluster, log: silentLogger }, NO_RESERVE);
  const registry = new StageRegistry();
  const loaded = loadConfig(
    { DRONE_RPC_HOST: 'drone.acme.test', DRONE_RPC_SECRET: 'bea26a2221fd8090', ...env },
    () => '',
    { hostname: 'pod-1', version: '0.1.0', namespace: 'ci' },
  );
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const queue = queueOf(
    loaded.ok,
    { origin: testOrigin(cluster), podWatch, registry, ...(node ? { nodes } : {}) },
    undefined,
  );
  const waits: string[] = [];
  const enter = async (stageId: number, repo = 'acme/widget'): Promise<'admitted' | 'waiting'> => {
    let isAdmitted = false;
    registry.enter(anEntry({ stageId, repo, phase: 'waiting', asks: ONE }));
    void queue.enter(
      {
        ...{ stageId, repo, event: 'push', asks: ONE, placement: {} },
        waits: ({ text }) => void waits.push(text),
        admitted: (admittedTo) => {
          isAdmitted = true;
          registry.update(stageId, { phase: 'running', node: admittedTo });
        },
      },
      never,
    );
    await settle();
    return isAdmitted ? 'admitted' : 'waiting';
  };
  const followNodes = async (): Promise<void> => {
    void nodes.run(stop.signal);
    await settle();
  };
  return { enter, registry, waits, cluster, putNode, followNodes };
}

describe('the budget', () => {
  const env = { HANGAR_BUDGET_PODS: '1' };

  it('is used by a stage that runs, and not by one that only waits to be reported', async () => {
    const { enter, registry } = await queueWith(env);
    expect([await enter(1), await enter(2)]).toEqual(['admitted', 'waiting']);
    registry.update(1, { phase: 'reporting' });
    expect(await enter(3)).toBe('waiting');
    expect(registry.entries.map(({ phase }) => phase)).toEqual(['reporting', 'running', 'waiting']);
  });

  it('is still used by the Pod of a stage that waits to be reported, until the Pod has ended', async () => {
    for (const [phase, end] of [
      ['Running', 'waiting'],
      ['Succeeded', 'admitted'],
    ] as const) {
      const { enter, registry } = await queueWith(env, [podOf(1, { phase })]);
      registry.enter(anEntry({ stageId: 1, phase: 'reporting' }));
      expect(await enter(2)).toBe(end);
    }
  });

  it('is used by the Pods of other replicas, and not by Pods that no runner made', async () => {
    const { enter: another } = await queueWith(env, [podOf(9)]);
    expect(await another(1)).toBe('waiting');
    const { enter: unknown } = await queueWith(env, [podOf(9, { isSigned: false })]);
    expect(await unknown(1)).toBe('admitted');
  });

  it('counts an own stage and its Pod once', async () => {
    const { enter, registry } = await queueWith({ HANGAR_BUDGET_PODS: '2' }, [podOf(1)]);
    registry.enter(anEntry({ stageId: 1, phase: 'running', asks: ONE }));
    expect([await enter(2), await enter(3)]).toEqual(['admitted', 'waiting']);
  });
});

describe('room on nodes', () => {
  const podOn = (stageId: number, nodeName: string, phase = 'Running', isSigned = true): V1Pod => {
    const pod = podOf(stageId, { phase, isSigned });
    return { ...pod, spec: { containers: [], nodeName } };
  };

  it('is waited for until the nodes are listed, and then given', async () => {
    const { enter, registry, waits, followNodes } = await queueWith({}, [], { pods: '1' });
    expect([await enter(1), waits]).toEqual(['waiting', ['the nodes of the cluster are not listed yet']]);
    await followNodes();
    expect(registry.entries).toMatchObject([{ stageId: 1, phase: 'running', node: 'n1' }]);
    expect(await enter(2)).toBe('waiting');
  });

  it('is given when a node is opened again or made ready, without any other change', async () => {
    for (const closed of [{ unschedulable: true }, { ready: 'Unknown' }]) {
      const { enter, registry, putNode, followNodes } = await queueWith({}, [], closed);
      await followNodes();
      expect(await enter(1)).toBe('waiting');
      putNode({});
      await settle();
      expect(registry.entries[0]?.phase).toBe('running');
    }
  });

  it('is taken by Pods of other replicas, until they have ended, and not by Pods that no runner made', async () => {
    for (const [pod, end] of [
      [podOn(9, 'n1'), 'waiting'],
      [podOn(9, 'n2'), 'admitted'],
      [podOn(9, 'n1', 'Failed'), 'admitted'],
      [podOn(9, 'n1', 'Running', false), 'admitted'],
    ] as const) {
      const { enter, followNodes } = await queueWith({}, [pod], { pods: '1' });
      await followNodes();
      expect(await enter(1)).toBe(end);
    }
  });

  it('of a node that is gone is waited for, and a node that comes is used', async () => {
    const { enter, cluster, putNode, registry, followNodes } = await queueWith({}, [], {});
    await followNodes();
    cluster.drop(NODE);
    await settle();
    expect(await enter(1)).toBe('waiting');
    putNode({});
    await settle();
    expect(registry.entries[0]?.phase).toBe('running');
  });
});

describe('the limit of pipelines of one repository', () => {
  const env = { HANGAR_REPOSITORY_PIPELINES: '2' };

  it('counts Pods of all replicas, of that repository only', async () => {
    const { enter } = await queueWith(env, [podOf(8), podOf(9, { repo: 'acme/other' })]);
    expect([await enter(1), await enter(2), await enter(3, 'acme/other')]).toEqual([
      'admitted',
      'waiting',
      'admitted',
    ]);
  });

  it('counts an own stage and its Pod once', async () => {
    const { enter, registry } = await queueWith(env, [podOf(1)]);
    registry.enter(anEntry({ stageId: 1, phase: 'running', asks: ONE }));
    expect([await enter(2), await enter(3)]).toEqual(['admitted', 'waiting']);
  });

  it('does not count a Pod that has ended, a Pod that no runner made, nor a stage that only waits to be reported', async () => {
    const { enter, registry } = await queueWith(env, [
      podOf(7, { phase: 'Failed' }),
      podOf(8, { isSigned: false }),
      podOf(9),
    ]);
    registry.enter(anEntry({ stageId: 9, phase: 'reporting' }));
    expect([await enter(1), await enter(2), await enter(3)]).toEqual(['admitted', 'admitted', 'waiting']);
  });

  it('is another limit than the budget: without a cap the same Pods leave room', async () => {
    const { enter } = await queueWith({}, [podOf(8), podOf(9)]);
    expect(await enter(1)).toBe('admitted');
  });
});

import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1DaemonSet, V1Node, V1Pod } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { poolsOf } from '../capacity/pools.ts';
import { daemonSetsOn, readDaemonSet, readNode } from '../capacity/read-node.ts';
import { readPod } from '../capacity/read-pod.ts';
import { MIB } from '../capacity/shape.ts';
import { traceRecordOf } from '../trace/pod-record.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { WATCHED } from './resources.ts';

const NOW = 1_768_383_000_000;
const at = (seconds: number): Date => new Date(NOW + seconds * 1000).toISOString() as unknown as Date;
const RULES = { label: 'pool', taint: '' };

const aPod = (name: string, change: { status?: object; spec?: object; uid?: string } = {}): V1Pod => ({
  metadata: {
    name,
    namespace: 'ci',
    uid: change.uid ?? name,
    creationTimestamp: at(0),
    labels: { app: 'ci', 'io.drone.build.number': '7' },
    annotations: { 'io.drone.repo.slug': 'acme/widget' },
  },
  spec: {
    containers: [{ name: 'work', image: 'i', resources: { requests: { cpu: '500m', memory: '1Gi' } } }],
    ...change.spec,
  },
  status: { phase: 'Pending', ...change.status },
});
const scheduled = (seconds: number) => ({
  conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: at(seconds) }],
});
const running = (seconds: number) => ({
  phase: 'Running',
  ...scheduled(seconds),
  containerStatuses: [
    {
      name: 'work',
      image: '',
      imageID: '',
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: at(seconds + 2) } },
    },
  ],
});
const ended = (from: number, to: number) => ({
  phase: 'Succeeded',
  ...scheduled(from),
  containerStatuses: [
    {
      name: 'work',
      image: '',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode: 0, startedAt: at(from), finishedAt: at(to) } },
    },
  ],
});
const aNode = (
  name: string,
  change: { labels?: Record<string, string>; taints?: object[]; created?: number; ready?: number } = {},
): V1Node => ({
  metadata: {
    name,
    uid: name,
    creationTimestamp: at(change.created ?? 0),
    labels: { pool: 'small', ...change.labels },
  },
  spec: { taints: change.taints ?? [] } as V1Node['spec'] & object,
  status: {
    allocatable: { cpu: '3920m', memory: '6018Mi', pods: '110' },
    conditions: [
      {
        ...{ type: 'Ready', status: 'True' },
        ...(change.ready === undefined ? {} : { lastTransitionTime: at(change.ready) }),
      },
    ],
  },
});

describe('a Pod', () => {
  it.each([
    ['held by a gate', { spec: { schedulingGates: [{ name: 'hangar.dev/hold' }] } }, 'held'],
    ['without a node', {}, 'pending'],
    ['on a node', { spec: { nodeName: 'n' } }, 'bound'],
    ['that ended', { spec: { nodeName: 'n' }, status: { phase: 'Failed' } }, 'ended'],
  ])('%s has this state', (_sentence, change, want) => {
    const { spec, ...rest } = change as { spec?: object; status?: object };
    expect(
      readPod(aPod('p', { ...rest, ...(spec ? { spec: { ...aPod('p').spec, ...spec } } : {}) }), NOW).state,
    ).toBe(want);
  });

  it('requests the maximum of all containers together and the largest init container, plus the sidecars', () => {
    const part = (cpu: string, more: object = {}) => ({
      name: cpu,
      image: 'i',
      resources: { requests: { cpu } },
      ...more,
    });
    const pod = aPod('p', {
      spec: {
        containers: [part('500m'), part('250m')],
        initContainers: [part('100m', { restartPolicy: 'Always' }), part('900m')],
        overhead: { cpu: '10m' },
      },
    });

    expect(readPod(pod, NOW).request.cpuMillicores).toBe(1010);
  });

  it('is recorded with the room that it used, from its binding to its last container', () => {
    const pod = readPod(
      aPod('p', { status: ended(30, 90), spec: { ...aPod('p').spec, nodeName: 'n' } }),
      NOW,
    );

    expect(traceRecordOf(pod, NOW)).toEqual({
      uid: 'p',
      job: {
        arrivedAt: NOW / 1000,
        durationSeconds: 60,
        request: { cpuMillicores: 500, memoryBytes: 2 ** 30 },
        build: 'acme/widget#7',
        repo: 'acme/widget',
      },
    });
  });

  it('is recorded with the name of its pipeline, by which run times are learned', () => {
    const { metadata, ...rest } = aPod('p', {
      status: ended(30, 90),
      spec: { ...aPod('p').spec, nodeName: 'n' },
    });
    const annotations = { ...metadata?.annotations, 'io.drone.stage.name': 'test' };
    const pod = readPod({ ...rest, metadata: { ...metadata, annotations } }, NOW);

    expect(traceRecordOf(pod, NOW)?.job).toMatchObject({ repo: 'acme/widget', stage: 'test' });
  });

  it('that never used room is not recorded', () => {
    expect(traceRecordOf(readPod(aPod('p', { status: { phase: 'Failed' } }), NOW), NOW)).toBeUndefined();
  });
});

describe('a node', () => {
  it('belongs to the pool named by its label, or to the default pool', () => {
    expect(readNode(aNode('n'), RULES, NOW)).toMatchObject({
      pool: 'small',
      ready: true,
      foreign: false,
      owner: 'unknown',
    });
    expect(readNode(aNode('n'), { ...RULES, label: 'other' }, NOW).pool).toBe('default');
    expect(readNode(aNode('n', { labels: { 'karpenter.sh/nodepool': 'x' } }), RULES, NOW).owner).toBe(
      'karpenter',
    );
  });

  it.each([
    ['no taint', [], '', false],
    [
      'a taint of the control plane',
      [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
      '',
      true,
    ],
    ['a temporary taint', [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }], '', false],
    ['our own taint', [{ key: 'hangar.dev/closing', effect: 'NoSchedule' }], '', false],
    ['a soft taint of others', [{ key: 'other', effect: 'PreferNoSchedule' }], '', false],
    ['the taint of builds', [{ key: 'ci', effect: 'NoSchedule' }], 'ci', false],
    ['no taint where builds have one', [], 'ci', true],
  ])('with %s', (_sentence, taints, taint, foreign) => {
    expect(readNode(aNode('n', { taints }), { ...RULES, taint }, NOW).foreign).toBe(foreign);
  });

  it('includes the DaemonSets that may run on it', () => {
    const daemon = (cpu: string, more: object = {}): V1DaemonSet => ({
      spec: {
        selector: {},
        template: {
          spec: {
            containers: [{ name: 'd', image: 'i', resources: { requests: { cpu, memory: '100Mi' } } }],
            ...more,
          },
        },
      },
    });
    const daemons = [daemon('100m'), daemon('200m', { nodeSelector: { gpu: 'yes' } })].map(readDaemonSet);

    expect(daemonSetsOn({ labels: {} }, daemons)).toEqual({
      cpuMillicores: 100,
      memoryBytes: 100 * MIB,
      pods: 1,
    });
    expect(daemonSetsOn({ labels: { gpu: 'yes' } }, daemons).pods).toBe(2);
  });

  const hard = (key: string) => ({ taints: [{ key, effect: 'NoSchedule' }] });
  it.each([
    ['the taint of its pool', hard('ci'), false, false],
    [
      'our surplus mark',
      { taints: [{ key: 'hangar.dev/surplus', effect: 'PreferNoSchedule' }] },
      false,
      false,
    ],
    ['our closing taint, which is removed when the node is needed', hard('hangar.dev/closing'), false, false],
    ['a kubelet under disk pressure', hard('node.kubernetes.io/disk-pressure'), true, false],
    ['a taint of Karpenter, which removes it', hard('karpenter.sh/disrupted'), true, true],
  ])('with %s', (_, change, closed, leaving) => {
    expect(readNode(aNode('n', change), { ...RULES, taint: 'ci' }, NOW)).toMatchObject({ closed, leaving });
  });

  it('that is cordoned is closed, and one that is being deleted is leaving', () => {
    const node = aNode('n');
    const cordoned = readNode({ ...node, spec: { unschedulable: true } }, RULES, NOW);
    expect(cordoned).toMatchObject({ closed: true, leaving: false });
    const gone = { ...node, metadata: { ...node.metadata, deletionTimestamp: at(1) } };
    expect(readNode(gone, RULES, NOW)).toMatchObject({ leaving: true });
    expect(poolsOf([readNode(gone, RULES, NOW)], [], { watched: [] })).toEqual([]);
  });
});

describe('pools', () => {
  it("are nodes by name, with their builds; the smallest node defines the pool's node size", () => {
    const small = {
      ...readNode(aNode('b'), RULES, NOW),
      allocatable: { cpuMillicores: 2000, memoryBytes: 1, pods: 5 },
    };
    const nodes = [readNode(aNode('a'), RULES, NOW), small, { ...small, name: 'x', foreign: true }];
    const pods = [aPod('p', { spec: { ...aPod('p').spec, nodeName: 'a' } })].map((one) => readPod(one, NOW));
    const [pool, ...rest] = poolsOf(nodes, pods, { watched: [] });

    expect(rest).toEqual([]);
    expect(pool?.spec.allocatable).toEqual({ cpuMillicores: 2000, memoryBytes: 1, pods: 5 });
    expect(pool?.nodes.map(({ name, builds }) => [name, builds])).toEqual([
      ['a', 1],
      ['b', 0],
    ]);
  });
});

describe('the watch of a cluster', () => {
  const pods = { resource: WATCHED.pods, namespace: 'ci' };
  let clock: FakeClock;
  let cluster: FakeCluster;
  let watch: ClusterWatch;
  let stop: AbortController;
  let done: Promise<void>;

  const settled = async (): Promise<void> => {
    await settle();
    await clock.step(1);
  };
  const aWatch = (podNamespaces: readonly string[]): ClusterWatch =>
    new ClusterWatch(
      { clock, cluster, log: silentLogger },
      {
        ...{ podSelector: 'app=ci', podNamespaces, rules: RULES },
        runnerService: { namespace: 'ci', name: 'runner', port: 'http' },
      },
    );
  const begin = async (): Promise<void> => {
    done = watch.run(stop.signal);
    await settled();
  };

  beforeEach(() => {
    clock = new FakeClock(NOW);
    cluster = new FakeCluster();
    stop = new AbortController();
    watch = aWatch([]);
  });
  afterEach(async () => {
    stop.abort();
    await done;
  });

  it('sees builds of any CI by their labels, and reports arrivals, waits, and each end once', async () => {
    cluster.put({ resource: WATCHED.nodes }, aNode('n'));
    await begin();
    const nightly = aPod('p');
    const labels = { ...nightly.metadata?.labels, 'io.drone.build.event': 'cron' };
    cluster.put(pods, { ...nightly, metadata: { ...nightly.metadata, labels } });
    cluster.put(pods, { ...aPod('other'), metadata: { name: 'other', namespace: 'ci' } });
    await settled();
    expect(watch.pods.map(({ name, state }) => [name, state])).toEqual([['p', 'pending']]);
    const onNode = { spec: { ...aPod('p').spec, nodeName: 'n' } };
    cluster.put(pods, aPod('p', { ...onNode, status: running(20) }));
    await settled();
    cluster.put(pods, aPod('p', { ...onNode, status: ended(20, 80) }));
    await settled();
    cluster.drop({ ...pods, name: 'p' });
    await settled();

    const news = watch.takeNews();
    expect(news.arrivals).toEqual([{ atSeconds: NOW / 1000, event: 'cron' }]);
    expect(news.waits).toEqual([20]);
    expect(news.records.map(({ uid, job }) => [uid, job.durationSeconds])).toEqual([['p', 60]]);
    expect(watch.pods).toEqual([]);
    expect(watch.takeNews()).toEqual({ records: [], boots: [], phases: [], arrivals: [], waits: [] });
  });

  it('sees no builds in namespaces that are not named: their Pods arrive, end and boot nodes for nobody', async () => {
    watch = aWatch(['ci', 'drone-*']);
    await begin();
    cluster.put({ resource: WATCHED.nodes }, aNode('young', { created: 90 }));
    const inside = (namespace: string, change = {}): V1Pod => {
      const pod = aPod('p', change);
      return { ...pod, metadata: { ...pod.metadata, namespace, uid: namespace } };
    };
    const onNode = { spec: { ...aPod('p').spec, nodeName: 'young' } };
    for (const namespace of ['ci', 'drone-7', 'tenant', 'ci-2', 'my-drone-1']) {
      cluster.put({ resource: WATCHED.pods, namespace }, inside(namespace));
      if (namespace === 'tenant')
        for (const status of [running(110), ended(110, 150)])
          cluster.put({ resource: WATCHED.pods, namespace }, inside(namespace, { ...onNode, status }));
    }
    await settled();

    expect(watch.pods.map(({ namespace }) => namespace)).toEqual(['ci', 'drone-7']);
    const arrival = { atSeconds: NOW / 1000, event: '' };
    expect(watch.takeNews()).toMatchObject({ arrivals: [arrival, arrival], records: [], boots: [] });
  });

  it('does not report again what was stored before a restart', async () => {
    cluster.put(pods, aPod('p', { status: ended(20, 80) }));
    watch.remember(['p']);
    await begin();

    expect(watch.takeNews()).toMatchObject({ records: [], arrivals: [] });
  });

  it('measures a boot by a Pod that waited for its node, not by one that was created later', async () => {
    await begin();
    cluster.put({ resource: WATCHED.nodes }, aNode('young', { created: 90 }));
    cluster.put({ resource: WATCHED.nodes }, aNode('old', { created: -900 }));
    await settled();
    for (const name of ['young', 'old'])
      cluster.put(
        pods,
        aPod(`on-${name}`, { status: running(110), spec: { ...aPod('p').spec, nodeName: name } }),
      );
    await settled();

    const { boots, phases } = watch.takeNews();
    expect(boots).toEqual([
      { pool: 'small', node: 'young', atMs: NOW + 112_000, seconds: 112, machineSeconds: 90 },
    ]);
    expect(phases).toContainEqual({ phase: 'machine', seconds: 90 });
  });

  it('measures the boot of a node that was ordered ahead until it is ready, not until a build comes', async () => {
    await begin();
    watch.ordered('small');
    cluster.put({ resource: WATCHED.nodes }, aNode('young', { created: 90, ready: 170 }));
    await settled();
    const onNode = { ...aPod('p').spec, nodeName: 'young' };
    cluster.put(pods, aPod('late', { status: running(1900), spec: onNode }));
    await settled();

    const [boot] = watch.takeNews().boots;
    expect(boot?.node).toBe('young');
    expect(boot?.seconds).toBeCloseTo(170, 0);
  });

  it('times the phases of a boot: the machine, the kubelet, and the images of the first build', async () => {
    await begin();
    const unready = aNode('young', { created: 90 });
    unready.status = { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at(90) }] };
    cluster.put({ resource: WATCHED.nodes }, unready);
    await settled();
    cluster.put({ resource: WATCHED.nodes }, aNode('young', { created: 90, ready: 110 }));
    await settled();
    cluster.put(
      pods,
      aPod('first', { status: running(112), spec: { ...aPod('p').spec, nodeName: 'young' } }),
    );
    await settled();

    expect(watch.takeNews().phases).toEqual([
      { phase: 'kubelet', seconds: 20 },
      { phase: 'machine', seconds: 90 },
      { phase: 'cold', seconds: 2 },
    ]);
    expect(watch.takeNews().phases).toEqual([]);
  });

  it('finds runners behind their Service, and reports what it may not read', async () => {
    cluster.put(
      { resource: WATCHED.endpointSlices, namespace: 'ci' },
      {
        metadata: { name: 's', labels: { 'kubernetes.io/service-name': 'runner' } },
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 3000 }],
        endpoints: [{ addresses: ['10.0.0.1'] }],
      },
    );
    cluster.fail('list', 'nodes', refusal(403, 'Forbidden', 'nodes is forbidden'));
    await begin();

    expect(watch.runners).toEqual(['http://10.0.0.1:3000']);
    expect(watch.state('nodes')).toEqual({ staleMs: undefined, trouble: 'nodes is forbidden' });
    expect(watch.daemonSets).toEqual([]);
    await clock.step(20_000);
    expect(watch.state('nodes').trouble).toBe('');
  });
});

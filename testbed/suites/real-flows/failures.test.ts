import { RESOURCE, type Resource } from '@hangar/shared/kubernetes/cluster';
import type { KubernetesObject, V1Node, V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../parts/free-port.ts';
import { startSlowRegistry } from '../../parts/images/slow-registry.ts';
import { ctr, removeImage } from '../../parts/real/ctr.ts';
import type { RealCluster } from '../../parts/real/facts.ts';
import { pushSizedImage } from '../../parts/real/images.ts';
import { until } from '../../parts/until.ts';
import { BUSYBOX, pipeline, step, stepResults } from '../flows/pipelines.ts';
import { startTestSystem, type TestSystem } from '../flows/test-system.ts';
import { type OwnedNamespaceAccess, ownNamespaceAccess } from './real-cluster-access.ts';

const PATIENCE_MS = 150_000;
const PRIORITY_CLASSES: Resource = { base: '/apis/scheduling.k8s.io/v1', plural: 'priorityclasses' };
const CONFIG_MAPS: Resource = { base: '/api/v1', plural: 'configmaps' };
const LIMIT_RANGES: Resource = { base: '/api/v1', plural: 'limitranges' };
const HOST = 'kubernetes.io/hostname';

/**
 * The classes of docs/errors.md that a cluster causes, each provoked on the real one. Elsewhere on it: `image-not-found`,
 * `pod-deleted`, `node-lost` and `timed-out` in stops.test.ts, an out of memory step in kubelet.test.ts. Not provoked here:
 * `node-shutdown` (the kubelet learns of a shutdown from systemd-logind, which this machine doesn't run: flows/troubles.test.ts has the
 * status as the kubelet writes it), `node-unresponsive` (a container runtime that hangs would hang for all tests), `name-taken` and
 * `right-missing` (both need no node): flows/refused.test.ts has these three. The others need no cluster.
 */
describe('what the cluster does to a build is reported by its class', () => {
  let cluster: RealCluster;
  let ground: OwnedNamespaceAccess;
  const never = new AbortController().signal;

  beforeAll(async () => {
    ({ cluster, ground } = await ownNamespaceAccess('failures'));
  });
  afterAll(() => ground.remove());

  /** A runner and a server of its own for one test, in the namespace that all tests of this file share. */
  async function open(env: Readonly<Record<string, string>> = {}): Promise<TestSystem> {
    const { kubeconfig, adminKubeconfig, namespace } = ground;
    const access = { kubeconfig, adminKubeconfig, namespace, env: ground.env };
    const setup = await startTestSystem(access, { env });
    onTestFinished(() => setup.close());
    return setup;
  }
  const create = <T extends KubernetesObject>(
    { admin, namespace }: TestSystem,
    resource: Resource,
    object: T,
  ) => admin.create<T>({ resource, namespace }, object, never);
  const running = (setup: TestSystem, id: number, name: string) =>
    setup.drone.waitUntil(
      `${name} runs`,
      { timeoutMs: PATIENCE_MS },
      () => setup.drone.step(id, name)?.status === 'running',
    );
  const onlyPod = async (setup: TestSystem): Promise<{ name: string; uid: string }> => {
    const [{ metadata } = {}]: readonly V1Pod[] = await setup.pods();
    return { name: metadata?.name ?? '', uid: metadata?.uid ?? '' };
  };

  /** As a drain does. */
  async function evict({ admin, namespace }: TestSystem, name: string): Promise<void> {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    const resource: Resource = { base: '/api/v1', plural: `pods/${name}/eviction` };
    await admin.create({ resource, namespace }, eviction, never);
  }

  /** How the build ended: the class that the runner counted, and the text for its author. */
  async function endOf(setup: TestSystem, id: number) {
    const done = await setup.drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
    await setup.cleaned(PATIENCE_MS);
    expect(setup.drone.complaints).toEqual([]);
    const metrics = await setup.runner.http.metrics.text();
    const counted = [...metrics.matchAll(/^hangar_runner_failures_total\{class="([^"]+)".*\} [1-9]/gm)];
    const text = [done.stages[0]?.error, ...(done.stages[0]?.steps ?? []).map(({ error }) => error)];
    return { status: done.status, classes: counted.map(([, code]) => code), text: text.join('\n'), done };
  }
  const longBuild = (setup: TestSystem, more = '') =>
    setup.drone.createBuild({ yaml: pipeline(step('long', ['echo begun', 'sleep 600']), more) }).id;

  it('preempted: a Pod of higher priority takes the place of a running build', async () => {
    const setup = await open();
    const { admin, namespace } = setup;
    const urgent = { resource: PRIORITY_CLASSES, name: namespace };
    const made = { metadata: { name: namespace }, value: 1000 };
    await admin.create({ resource: PRIORITY_CLASSES }, made, never);
    onTestFinished(async () => void (await admin.remove(urgent, {}, never)));
    const node = await admin.get<V1Node>({ resource: RESOURCE.nodes, name: cluster.nodeName }, never);
    // More than half of the node, so that there is no room for both.
    const millicores = Math.floor(Number(node.status?.allocatable?.['cpu']) * 600);
    const id = longBuild(setup, `resources: { requests: { cpu: ${millicores} } }`);
    await running(setup, id, 'long');
    await create<V1Pod>(setup, RESOURCE.pods, {
      metadata: { name: 'urgent' },
      spec: {
        priorityClassName: namespace,
        nodeSelector: { [HOST]: cluster.nodeName },
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'urgent',
            image: BUSYBOX,
            imagePullPolicy: 'IfNotPresent',
            command: ['sleep', '600'],
            resources: { requests: { cpu: `${millicores}m` } },
          },
        ],
      },
    });
    onTestFinished(async () => {
      const target = { resource: RESOURCE.pods, namespace, name: 'urgent' };
      await admin.remove(target, { gracePeriodSeconds: 0 }, never);
    });
    expect(await endOf(setup, id)).toMatchObject({
      status: 'error',
      classes: ['preempted'],
      text: expect.stringContaining(
        'the Pod was preempted by a Pod of higher priority: PreemptionByScheduler',
      ) as string,
    });
    expect(setup.drone.logText(id, 'long')).toContain('begun\n');
  });

  it('evicted: by a drain, which uses the eviction API', async () => {
    const setup = await open();
    const id = longBuild(setup);
    await running(setup, id, 'long');
    await evict(setup, (await onlyPod(setup)).name);
    expect(await endOf(setup, id)).toMatchObject({
      status: 'error',
      classes: ['evicted'],
      text: expect.stringContaining('EvictionByEvictionAPI') as string,
    });
  });

  it('evicted: by the kubelet, for a volume that outgrew its limit, with the words of the kubelet', async () => {
    const setup = await open();
    const fill = step(
      'fill',
      ['dd if=/dev/zero of=/data/file bs=1M count=30', 'sleep 600'],
      '  volumes: [{ name: data, path: /data }]\n',
    );
    const volumes = 'volumes: [{ name: data, temp: { size_limit: 5Mi } }]';
    const { id } = setup.drone.createBuild({ yaml: pipeline(fill, volumes) });
    expect(await endOf(setup, id)).toMatchObject({
      status: 'error',
      classes: ['evicted'],
      text: expect.stringMatching(/the Pod was evicted from its node: .*exceeds the limit/) as string,
    });
  });

  it('a Pod that is evicted by the eviction API before its first step is made again, once, and runs', async () => {
    const setup = await open();
    const { admin, namespace } = setup;
    const steps = step('reads', ['cat /late/text'], '  volumes: [{ name: late, path: /late }]\n');
    const volumes = 'clone: { disable: true }\nvolumes: [{ name: late, config_map: { name: late } }]';
    // Its node creates no container before the ConfigMap exists.
    const { id } = setup.drone.createBuild({ yaml: pipeline(steps, volumes), trusted: true });
    const bound = async (uid: string): Promise<string | undefined> => {
      const [{ metadata, spec } = {}]: readonly V1Pod[] = await setup.pods();
      return spec?.nodeName && metadata?.uid !== uid ? metadata?.uid : undefined;
    };
    await until('a Pod on the node', PATIENCE_MS, async () => (await bound('')) !== undefined);
    const first = await onlyPod(setup);
    await evict(setup, first.name);
    await until('another Pod', PATIENCE_MS, async () => (await bound(first.uid)) !== undefined);
    const second = await onlyPod(setup);
    await create(setup, CONFIG_MAPS, { metadata: { name: 'late' }, data: { text: 'ran once\n' } });
    onTestFinished(async () => {
      await admin.remove({ resource: CONFIG_MAPS, namespace, name: 'late' }, {}, never);
    });
    const uids = new Set([second.uid]);
    await until('the end of the build', PATIENCE_MS, async () => {
      for (const { metadata } of await setup.pods()) uids.add(metadata?.uid ?? '');
      return setup.drone.build(id).status !== 'running';
    });
    const { status, classes, done } = await endOf(setup, id);
    expect([status, classes, stepResults(done)]).toEqual(['success', [], [['reads', 'success', 0]]]);
    expect([...uids]).toEqual([second.uid]);
    expect(setup.drone.logText(id, 'reads')?.match(/^ran once$/gm)).toHaveLength(1);
  });

  it('pod-refused: a Pod that its node refuses is made again, and runs where a node takes it; four refusals end the build', async () => {
    const setup = await open();
    const nodeTarget = { resource: RESOURCE.nodes, name: cluster.nodeName };
    const label = async (value: string | null): Promise<void> => {
      const metadata = { labels: { 'hangar.test/late': value } };
      await setup.admin.patch(nodeTarget, { metadata }, 'merge', never);
    };
    onTestFinished(() => label(null));
    const refused = new Set<string>();
    /** Puts the Pod on the node past the scheduler, as a race of two schedulers does: the kubelet refuses it for its node selector. */
    const bind = async (): Promise<void> => {
      await until('another Pod', PATIENCE_MS, async () => {
        const { name, uid } = await onlyPod(setup);
        if (name === '' || refused.has(uid)) return false;
        const target = { kind: 'Node', name: cluster.nodeName };
        const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, uid }, target };
        const resource: Resource = { base: '/api/v1', plural: `pods/${name}/binding` };
        await setup.admin.create({ resource, namespace: setup.namespace }, binding, never);
        refused.add(uid);
        return true;
      });
    };
    const yaml = pipeline(step('one', ['echo ran']), 'node_selector: { hangar.test/late: "yes" }');
    const first = setup.drone.createBuild({ yaml });
    await bind();
    await label('yes');
    expect(await endOf(setup, first.id)).toMatchObject({ status: 'success', classes: [] });
    expect(setup.drone.logText(first.id, 'one')).toContain('ran\n');

    await label(null);
    refused.clear();
    const second = setup.drone.createBuild({ yaml });
    for (let made = 0; made < 4; made++) await bind();
    expect(await endOf(setup, second.id)).toMatchObject({
      status: 'error',
      classes: ['pod-refused'],
      text: expect.stringContaining(`node ${cluster.nodeName} terminated the Pod: NodeAffinity`) as string,
    });
  });

  it('pod-stopped: a program on the node ends a container that waits for its turn', async () => {
    const setup = await open();
    const steps = step('long', ['echo begun', 'sleep 8']) + step('after', ['echo never']);
    const { id } = setup.drone.createBuild({ yaml: pipeline(steps) });
    await running(setup, id, 'long');
    const { name } = await onlyPod(setup);
    const labels = { 'io.kubernetes.pod.name': name, 'io.kubernetes.container.name': 'step-3' };
    const filter = Object.entries(labels).map(([label, value]) => `labels."${label}"==${value}`);
    const container = (await ctr(cluster.layout, ['containers', 'ls', '-q', filter.join(',')])).trim();
    await ctr(cluster.layout, ['tasks', 'kill', '--signal', 'SIGTERM', container]);
    expect(await endOf(setup, id)).toMatchObject({
      status: 'error',
      classes: ['pod-stopped'],
      text: expect.stringContaining('received a signal to stop before step after') as string,
    });
  });

  it('deadline-exceeded: a Pod whose deadline was shortened by another client', async () => {
    const setup = await open();
    const id = longBuild(setup);
    await running(setup, id, 'long');
    const { name } = await onlyPod(setup);
    const target = { resource: RESOURCE.pods, namespace: setup.namespace, name };
    await setup.admin.patch(target, { spec: { activeDeadlineSeconds: 1 } }, 'merge', never);
    expect(await endOf(setup, id)).toMatchObject({ status: 'killed', classes: ['deadline-exceeded'] });
  });

  it('unschedulable: no node has what the pipeline selects, for HANGAR_SCHEDULING_TIMEOUT', async () => {
    const setup = await open({ HANGAR_SCHEDULING_TIMEOUT: '5s' });
    const { id } = setup.drone.createBuild({
      yaml: pipeline(step('one', ['echo never']), 'node_selector: { hangar.test/nowhere: "true" }'),
    });
    expect(await endOf(setup, id)).toMatchObject({
      status: 'error',
      classes: ['unschedulable'],
      text: expect.stringMatching(
        /the Pod was unschedulable for 5 seconds .*node\(s\) didn't match/,
      ) as string,
    });
  });

  it('start-timed-out: a registry that is too slow for DRONE_ENGINE_CONTAINER_START_TIMEOUT', async () => {
    const pushed = await pushSizedImage(cluster.layout, 'local/cold-failures', 3_000_000);
    const upstream = { upstream: cluster.registry, bytesPerSecond: 50_000, latencyMs: 20 };
    const slow = await startSlowRegistry(upstream);
    const image = pushed.replace(cluster.registry, slow.address);
    onTestFinished(async () => {
      await slow.close();
      await removeImage(cluster.layout, image).catch(() => undefined);
    });
    const env = { DRONE_ENGINE_CONTAINER_START_TIMEOUT: '5', HANGAR_GATE_VOLUME: 'init' };
    const setup = await open(env);
    const yaml = pipeline(`- name: cold\n  image: ${image}\n  commands: [echo never]\n`);
    expect(await endOf(setup, setup.drone.createBuild({ yaml }).id)).toMatchObject({
      status: 'error',
      classes: ['start-timed-out'],
      text: expect.stringContaining('did not start within 5 seconds') as string,
    });
  });

  it('image-pull-failed: a registry that is away for longer than HANGAR_IMAGE_PULL_PATIENCE', async () => {
    const setup = await open({ HANGAR_IMAGE_PULL_PATIENCE: '3s' });
    const image = `127.0.0.1:${await freePort()}/local/cold:1`;
    const yaml = pipeline(`- name: cold\n  image: ${image}\n  commands: [echo never]\n`);
    expect(await endOf(setup, setup.drone.createBuild({ yaml }).id)).toMatchObject({
      status: 'error',
      classes: ['image-pull-failed'],
      text: expect.stringContaining('connection refused') as string,
    });
  });

  it('init-failed: an image of the gate that has no gate', async () => {
    const setup = await open({ HANGAR_GATE_IMAGE: BUSYBOX, HANGAR_GATE_VOLUME: 'init' });
    const { id } = setup.drone.createBuild({ yaml: pipeline(step('one', ['echo never'])) });
    expect(await endOf(setup, id)).toMatchObject({ status: 'error', classes: ['init-failed'] });
  });

  it('container-refused: a mount that the container runtime does not make', async () => {
    const setup = await open();
    const mounts = step('mounts', ['echo never'], '  volumes: [{ name: data, path: /proc/data }]\n');
    const { id } = setup.drone.createBuild({
      yaml: pipeline(mounts, 'volumes: [{ name: data, temp: {} }]'),
    });
    expect(await endOf(setup, id)).toMatchObject({
      status: 'error',
      classes: ['container-refused'],
      text: expect.stringContaining('/proc') as string,
    });
  });

  it('object-refused: a Pod beyond a LimitRange of the namespace', async () => {
    const setup = await open();
    const { namespace } = setup;
    const limits = { limits: [{ type: 'Container', max: { cpu: '100m' }, default: { cpu: '100m' } }] };
    await create(setup, LIMIT_RANGES, { metadata: { name: 'small' }, spec: limits });
    onTestFinished(async () => {
      const target = { resource: LIMIT_RANGES, namespace, name: 'small' };
      await setup.admin.remove(target, {}, never);
    });
    const { id } = setup.drone.createBuild({
      yaml: pipeline(step('one', ['true'], '  resources: { limits: { cpu: 500 } }\n')),
    });
    expect(await endOf(setup, id)).toMatchObject({
      status: 'error',
      text: expect.stringContaining('maximum cpu usage per Container is 100m') as string,
      classes: ['object-refused'],
    });
  });

  it('waited-too-long: a quota that stays exhausted for HANGAR_WAIT_LIMIT', async () => {
    const setup = await open({ HANGAR_WAIT_LIMIT: '5s' });
    const { namespace, admin } = setup;
    const { pods } = RESOURCE;
    // It fills the quota: no runner's Pod.
    const held = {
      schedulingGates: [{ name: 'hangar.test/never' }],
      containers: [{ name: 'held', image: BUSYBOX }],
    };
    await create<V1Pod>(setup, pods, { metadata: { name: 'held' }, spec: held });
    const quotas = { resource: RESOURCE.resourceQuotas, namespace };
    const quota = { metadata: { name: 'one' }, spec: { hard: { pods: '1' } } };
    await admin.create<KubernetesObject>(quotas, quota, never);
    onTestFinished(async () => {
      await admin.remove({ ...quotas, name: 'one' }, {}, never);
      await admin.remove({ resource: pods, namespace, name: 'held' }, { gracePeriodSeconds: 0 }, never);
    });
    await until('the quota to count', PATIENCE_MS, async () => {
      const target = { ...quotas, name: 'one' };
      const found = await admin.get<KubernetesObject & { status?: { used?: unknown } }>(target, never);
      return Boolean(found.status?.used);
    });
    const { id } = setup.drone.createBuild({ yaml: pipeline(step('one', ['echo never'])) });
    expect(await endOf(setup, id)).toMatchObject({
      status: 'error',
      classes: ['waited-too-long'],
      text: expect.stringContaining('exceeded quota: one') as string,
    });
  });

  it('record-lost: the Secret of a running build is deleted while no runner runs', async () => {
    const setup = await open();
    const id = longBuild(setup);
    await running(setup, id, 'long');
    const { name } = await onlyPod(setup);
    await setup.runner.stop();
    await setup.admin.remove({ resource: RESOURCE.secrets, namespace: setup.namespace, name }, {}, never);
    const next = await setup.startRunner('runner-b');
    const { status, text } = await endOf(setup, id);
    expect([status, text]).toEqual(['error', expect.stringContaining('Secret')]);
    expect(await next.http.metrics.text()).toMatch(/failures_total\{class="record-lost".*\} 1/);
  });

  it('a service that exceeds its memory is reported as out of memory, and no other step is', async () => {
    const setup = await open();
    const eats = step(
      'eats',
      ['echo eating', 'x=$(head -c 300000000 /dev/zero | tr "\\\\0" x); echo survived'],
      '  resources: { limits: { memory: 50331648 } }\n',
    );
    const { id } = setup.drone.createBuild({
      yaml: pipeline(step('modest', ['sleep 8', 'echo fine']), `services:\n${eats}`),
    });
    const { done, classes } = await endOf(setup, id);
    expect(classes).toEqual([]);
    expect(stepResults(done)).toEqual([
      ['clone', 'success', 0],
      ['eats', 'failure', 137],
      ['modest', 'success', 0],
    ]);
    expect(setup.drone.step(id, 'eats')?.error).toContain('memory');
    expect(setup.drone.logText(id, 'eats')).toContain('eating');
  });

  it('a Drone server that is away while builds end gets all of it when it is back', async () => {
    const setup = await open();
    const { id } = setup.drone.createBuild({
      yaml: pipeline(
        step('long', ['echo begun', 'sleep 3', 'echo done', 'exit 3']) + step('after', ['true']),
      ),
    });
    await running(setup, id, 'long');
    setup.drone.down();
    await setup.podEnded(PATIENCE_MS);
    setup.drone.up();
    const { done, classes } = await endOf(setup, id);
    expect(classes).toEqual([]);
    expect(stepResults(done)).toEqual([
      ['clone', 'success', 0],
      ['long', 'failure', 3],
      ['after', 'skipped', 0],
    ]);
    expect(setup.drone.logText(id, 'long')).toContain('begun\n+ sleep 3\n+ echo done\ndone\n');
  });
});

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '../api/pod.ts';
import { type EmbeddedCluster, startEmbeddedCluster } from '../cluster.ts';
import { ask, clientOf, PODS_PATH, podWhen, shellPod, type TestClient, when } from '../testing/client.ts';

let cluster: EmbeddedCluster;
let client: TestClient;

beforeAll(async () => {
  cluster = await startEmbeddedCluster({
    timing: { relistMs: 5, backoffMs: 30, longestGraceMs: 150 },
    images: { 'corp/tool': { script: 'echo "tool $*"' } },
  });
  client = clientOf(cluster);
});
afterAll(() => cluster.close());

const ended = ({ status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed';
const running = ({ status }: Pod): boolean => status.phase === 'Running';

async function run(pod: { metadata: { name?: unknown }; spec: object }): Promise<Pod> {
  const { status, body } = await client.post(PODS_PATH, pod);
  expect([status, body['message']]).toEqual([201, undefined]);
  return podWhen(cluster, String(pod.metadata.name), ended);
}

const logOf = (pod: string, container = 'step-1', query = ''): Promise<string> =>
  client.text(`${PODS_PATH}/${pod}/log?container=${container}${query}`);

describe('Pods', { timeout: 30_000 }, () => {
  it('end as succeeded when all containers do, with the states that a kubelet reports', async () => {
    const pod = await run(shellPod('good', 'echo one', 'echo two; printf rest'));

    expect(pod.status.phase).toBe('Succeeded');
    expect(pod.status.containerStatuses?.[1]).toMatchObject({
      name: 'step-2',
      ready: false,
      restartCount: 0,
      image: 'docker.io/library/alpine:3',
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
    });
    expect(pod.status.containerStatuses?.[1]?.containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/);
    expect(pod.status.podIP).toBe('127.0.0.1');
    expect(await logOf('good', 'step-2')).toBe('two\nrest');
  });

  it('wait for an image that is a volume before their first container starts', async () => {
    const withVolume = (name: string, reference: string) => {
      const { metadata, spec } = shellPod(name, 'true');
      return { metadata, spec: { ...spec, volumes: [{ name: 'tool', image: { reference } }] } };
    };
    const missing = withVolume('no-volume', 'corp/missing:1');
    await client.post(PODS_PATH, missing);

    const waits = ({ status }: Pod): boolean => {
      const { waiting } = status.containerStatuses?.[0]?.state ?? {};
      return waiting?.reason === 'ErrImagePull' && waiting.message?.includes('corp/missing:1') === true;
    };
    await podWhen(cluster, 'no-volume', waits);
    expect((await run(withVolume('volume', 'corp/tool:1'))).status.phase).toBe('Succeeded');
  });

  it('end as failed with the code of the container, and with 137 or 143 for signals', async () => {
    const pod = await run(shellPod('bad', 'exit 3', 'kill -KILL $$$$'));

    expect(pod.status.phase).toBe('Failed');
    expect(
      pod.status.containerStatuses?.map(({ state }) => [
        state.terminated?.exitCode,
        state.terminated?.reason,
      ]),
    ).toEqual([
      [3, 'Error'],
      [137, 'Error'],
    ]);
  });

  it('run init containers first, and never the rest when one fails', async () => {
    const { metadata, spec } = shellPod('init-bad', 'echo never');
    const init = { name: 'init', image: 'alpine:3', command: ['/bin/sh', '-c', 'exit 4'] };

    const pod = await run({ metadata, spec: { ...spec, initContainers: [init] } });

    expect(pod.status.phase).toBe('Failed');
    expect(pod.status.initContainerStatuses?.[0]?.state.terminated?.exitCode).toBe(4);
    expect(pod.status.containerStatuses?.[0]?.state.waiting?.reason).toBe('PodInitializing');
    expect(await logOf('init-bad')).toContain(
      'container \\"step-1\\" in pod \\"init-bad\\" is waiting to start: PodInitializing',
    );
  });

  it('share emptyDirs under rewritten paths, and read Secrets as files and variables', async () => {
    await client.post('/api/v1/namespaces/default/secrets', {
      metadata: { name: 'keys' },
      stringData: { token: 'abc', script: 'cat /ws/file' },
    });
    const { metadata, spec } = shellPod('volumes', '');
    const mounts = [
      { name: 'ws', mountPath: '/ws' },
      { name: 'keys', mountPath: '/etc/keys', readOnly: true },
    ];
    const env = [
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'BOTH', value: '$(TOKEN)-$(UNKNOWN)-$$(TOKEN)' },
    ];
    const shell = (name: string, script: string) => ({
      name,
      image: 'alpine',
      command: ['/bin/sh', '-c', script],
      env,
      volumeMounts: mounts,
    });

    await run({
      metadata,
      spec: {
        ...spec,
        volumes: [
          { name: 'ws', emptyDir: {} },
          { name: 'keys', secret: { secretName: 'keys' } },
        ],
        initContainers: [shell('init', 'echo "made by $NODE" > /ws/file')],
        containers: [shell('step-1', 'cat /ws/file /etc/keys/token; echo; echo "$TOKEN $BOTH"')],
      },
    });

    expect(await logOf('volumes')).toBe('made by embedded-1\nabc\nabc abc-$(UNKNOWN)-$(TOKEN)\n');
  });

  it('wait for a Secret that is created later, and report that in an event', async () => {
    const { metadata, spec } = shellPod('patient', 'true');
    await client.post(PODS_PATH, {
      metadata,
      spec: { ...spec, volumes: [{ name: 'late', secret: { secretName: 'late' } }] },
    });
    const event = await when(cluster, () =>
      cluster.api.store.list('events').find((one) => one['reason'] === 'FailedMount'),
    );

    await client.post('/api/v1/namespaces/default/secrets', { metadata: { name: 'late' } });
    const pod = await podWhen(cluster, 'patient', ended);

    expect(event['message']).toBe('MountVolume.SetUp failed for volume "late" : secret "late" not found');
    expect(pod.status.phase).toBe('Succeeded');
  });

  it('wait with CreateContainerConfigError for a key that is missing', async () => {
    const { metadata, spec } = shellPod('keyless', 'true');
    const env = [{ name: 'X', valueFrom: { secretKeyRef: { name: 'absent', key: 'x' } } }];
    const container = { name: 'step-1', image: 'alpine', command: ['true'], env };
    await client.post(PODS_PATH, { metadata, spec: { ...spec, containers: [container] } });

    const pod = await podWhen(
      cluster,
      'keyless',
      ({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError',
    );

    expect(pod.status.containerStatuses?.[0]?.state.waiting?.message).toBe('secret "absent" not found');
    await client.delete(`${PODS_PATH}/keyless`);
  });

  it('cannot pull what does not exist, with the real reasons, and can run known images without a command', async () => {
    const pulls = shellPod('pulls', '');
    const containers = [{ name: 'step-1', image: 'does-not-exist:1' }];
    await client.post(PODS_PATH, { ...pulls, spec: { ...pulls.spec, containers } });
    const reasonIs = (reason: string) => (pod: Pod) =>
      pod.status.containerStatuses?.[0]?.state.waiting?.reason === reason;

    await podWhen(cluster, 'pulls', reasonIs('ErrImagePull'));
    await podWhen(cluster, 'pulls', reasonIs('ImagePullBackOff'));
    await client.delete(`${PODS_PATH}/pulls`);
    const known = shellPod('known', '');
    await run({
      ...known,
      spec: { ...known.spec, containers: [{ name: 'step-1', image: 'corp/tool:2', args: ['a', 'b'] }] },
    });

    expect(await logOf('known')).toBe('tool a b\n');
  });

  it('start a container anew when its image is patched: placeholder ends with 213', async () => {
    const swap = shellPod('swap', '');
    const containers = [{ name: 'step-1', image: 'hangar-gate:1', env: [{ name: 'PLUGIN_A', value: 'x' }] }];
    await client.post(PODS_PATH, { ...swap, spec: { ...swap.spec, containers } });
    const before = await podWhen(cluster, 'swap', running);

    await client.patch(
      `${PODS_PATH}/swap`,
      { spec: { containers: [{ name: 'step-1', image: 'plugins/slack:1' }] } },
      'strategic-merge',
    );
    const after = await podWhen(cluster, 'swap', ended);

    const [was] = before.status.containerStatuses ?? [];
    const [is] = after.status.containerStatuses ?? [];
    expect(is).toMatchObject({
      restartCount: 1,
      image: 'docker.io/plugins/slack:1',
      state: { terminated: { exitCode: 0 } },
      lastState: { terminated: { exitCode: 213, containerID: was?.containerID } },
    });
    expect(is?.containerID).not.toBe(was?.containerID);
    expect(await logOf('swap')).toBe('PLUGIN_A=x\n');
  });

  it('are stopped by a DELETE: TERM first, KILL after the grace', async () => {
    await client.post(PODS_PATH, shellPod('deaf', 'trap "" TERM; echo up; while :; do sleep 0.05; done'));
    await podWhen(cluster, 'deaf', running);

    const { body } = await client.delete(`${PODS_PATH}/deaf`, { gracePeriodSeconds: 5 });
    await when(cluster, () => (cluster.pod({ name: 'deaf' }) === undefined ? true : undefined));

    expect(body['metadata']).toMatchObject({ deletionGracePeriodSeconds: 5 });
  });

  it('end when their deadline has passed', async () => {
    const { metadata, spec } = shellPod('late-pod', 'exec sleep 60');

    const pod = await run({ metadata, spec: { ...spec, activeDeadlineSeconds: 1 } });

    expect(pod.status).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
  });

  it('can be killed for memory, evicted, and lost', async () => {
    await client.post(PODS_PATH, shellPod('oom', 'exec sleep 60'));
    await client.post(PODS_PATH, shellPod('evicted', 'exec sleep 60'));
    await client.post(PODS_PATH, shellPod('lost', 'exec sleep 60'));
    for (const name of ['oom', 'evicted', 'lost']) await podWhen(cluster, name, running);

    cluster.oomKill({ name: 'oom' }, 'step-1');
    cluster.evict({ name: 'evicted' });
    cluster.removePod({ name: 'lost' });
    const [oom, evicted] = [await podWhen(cluster, 'oom', ended), await podWhen(cluster, 'evicted', ended)];

    expect(oom.status.containerStatuses?.[0]?.state.terminated).toMatchObject({
      exitCode: 137,
      reason: 'OOMKilled',
    });
    expect(evicted.status).toMatchObject({ phase: 'Failed', reason: 'Evicted' });
    expect(evicted.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', reason: 'TerminationByKubelet' }),
    );
    expect(cluster.pod({ name: 'lost' })).toBeUndefined();
  });

  it('show a termination message, and what a command that does not exist leaves', async () => {
    const message = await run(shellPod('message', 'printf done > /dev/termination-log'));
    const { metadata, spec } = shellPod('absent', '');
    const absent = await run({
      metadata,
      spec: { ...spec, containers: [{ name: 'step-1', image: 'alpine', command: ['no-such-program'] }] },
    });

    expect(message.status.containerStatuses?.[0]?.state.terminated?.message).toBe('done');
    expect(absent.status.containerStatuses?.[0]?.state.terminated).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
    });
  });

  it('are restarted according to the policy', async () => {
    const { metadata, spec } = shellPod('again', '[ -e /ws/x ] || { touch /ws/x; exit 1; }');
    const [container] = spec['containers'] as object[];
    const volumeMounts = [{ name: 'ws', mountPath: '/ws' }];

    const pod = await run({
      metadata,
      spec: {
        ...spec,
        restartPolicy: 'OnFailure',
        volumes: [{ name: 'ws', emptyDir: {} }],
        containers: [{ ...container, volumeMounts }],
      },
    });

    expect(pod.status.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 1 } },
    });
  });

  it('follow annotations into downward-API files', async () => {
    const { metadata, spec } = shellPod(
      'downward',
      'while ! grep -q new /pod/note; do sleep 0.02; done; cat /pod/note',
    );
    const [container] = spec['containers'] as object[];
    const items = [{ path: 'note', fieldRef: { fieldPath: "metadata.annotations['hangar.dev/note']" } }];
    await client.post(PODS_PATH, {
      metadata,
      spec: {
        ...spec,
        volumes: [{ name: 'pod', downwardAPI: { items } }],
        containers: [{ ...container, volumeMounts: [{ name: 'pod', mountPath: '/pod' }] }],
      },
    });
    await podWhen(cluster, 'downward', running);

    await client.patch(`${PODS_PATH}/downward`, { metadata: { annotations: { 'hangar.dev/note': 'new' } } });
    await podWhen(cluster, 'downward', ended);

    expect(await logOf('downward')).toBe('new');
  });

  it('have no status updates while their node is unreachable', async () => {
    cluster.addNode({ name: 'flaky' });
    const { metadata, spec } = shellPod('unheard', 'exec sleep 60');
    await client.post(PODS_PATH, { metadata, spec: { ...spec, nodeName: 'flaky' } });
    await podWhen(cluster, 'unheard', running);

    cluster.setNodeReady('flaky', false);
    const away = await podWhen(
      cluster,
      'unheard',
      ({ status }) =>
        status.conditions?.some(({ type, status: s }) => type === 'Ready' && s === 'False') === true,
    );
    await client.delete(`${PODS_PATH}/unheard`, { gracePeriodSeconds: 1 });
    const node = await client.get('/api/v1/nodes/flaky');
    const still = cluster.pod({ name: 'unheard' });
    cluster.setNodeReady('flaky', true);
    await when(cluster, () => (cluster.pod({ name: 'unheard' }) === undefined ? true : undefined));

    expect(away.status.phase).toBe('Running');
    expect(still?.metadata.deletionTimestamp).toBeDefined();
    expect((node.body['spec'] as { taints: { key: string }[] }).taints.map(({ key }) => key)).toEqual([
      'node.kubernetes.io/unreachable',
      'node.kubernetes.io/unreachable',
    ]);
    cluster.loseNode('flaky');
  });

  it('leave nothing behind: fifty at once, then closed', async () => {
    const other = await startEmbeddedCluster({ timing: { relistMs: 5 } });
    const theirs = clientOf(other);
    for (let n = 1; n <= 50; n += 1)
      await theirs.post(PODS_PATH, shellPod(`p-${n}`, n % 2 === 0 ? 'true' : 'sleep 300 & exec sleep 300'));
    await when(other, () =>
      other.api.store.list('pods').every((pod) => (pod as Pod).status.phase !== 'Pending') ? true : undefined,
    );

    await other.close();

    expect(existsSync(other.folder)).toBe(false);
  }, 30_000);
});

describe('logs over HTTP', { timeout: 30_000 }, () => {
  it('are followed live, with stamps, and end with the container', async () => {
    await client.post(PODS_PATH, shellPod('live', 'echo one; sleep 0.05; echo two; printf three'));
    await podWhen(cluster, 'live', ({ status }) => status.phase !== 'Pending');

    const text = await logOf('live', 'step-1', '&follow=true&timestamps=true');

    const stamp = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z';
    expect(text).toMatch(new RegExp(`^${stamp} one\\n${stamp} two\\n${stamp} three$`));
  });

  it('need the name of a container where there are several', async () => {
    await run(shellPod('several', 'true', 'true'));

    expect((await client.get(`${PODS_PATH}/several/log`)).body).toMatchObject({
      code: 400,
      message: 'a container name must be specified for pod several, choose one of: [step-1 step-2]',
    });
    expect((await client.get(`${PODS_PATH}/several/log?container=x`)).body['message']).toBe(
      'container x is not valid for pod several',
    );
    expect(
      (await client.get(`${PODS_PATH}/several/log?container=step-1&previous=true`)).body['message'],
    ).toBe('previous terminated container "step-1" in pod "several" not found');
  });

  it('can be cut at a byte', async () => {
    await run(shellPod('cut', 'echo 0123456789'));
    cluster.faults.cutLog({ name: 'cut' }, 4);

    const response = await ask(cluster, `${PODS_PATH}/cut/log`);
    let seen = '';
    const read = async (): Promise<void> => {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
        seen += Buffer.from(chunk).toString();
    };

    await expect(read()).rejects.toThrow();
    expect(seen).toBe('0123');
    expect(await logOf('cut')).toBe('0123456789\n');
  });
});

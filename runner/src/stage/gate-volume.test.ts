import { silentLogger } from '@hangar/shared/logger';
import { settle } from '@hangar/shared/testing/fake-clock';
import { noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readPod } from '../adopt/read-pod.ts';
import { GateVolumes } from '../launch/gate-volumes.ts';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { ANNOTATION, GATE_VOLUME } from '../pipeline/compiled.ts';
import { gated, running, waiting, withStates, withStatus } from '../supervise/testing/a-pod.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { resume, runStage } from './run-stage.ts';
import { aDetail, compiledOf, POD, SECRET, TestStage } from './testing/test-stage.ts';

const IMAGE = 'hangar-gate:test';
const PULL_FAILED = `Back-off pulling image "${IMAGE}": ErrImagePull: connection refused`;
const MOUNT_FAILED =
  'waiting for a volume: Unable to attach or mount volumes: unmounted volumes=[hangar-bin]: failed to get Plugin from volumeSpec: no volume plugin matched';
/** How the kubelet reports a container of a Pod that it has ended before it started the container. */
const NEVER_LOCATED = { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } };
const REFUSED = { waiting: { reason: 'CreateContainerError', message: 'failed to mkdir ""' } };
const NOT_STARTED = {
  terminated: {
    ...{ exitCode: 128, reason: 'StartError', message: 'exec: "/hangar/bin/gate": not found' },
    startedAt: '1970-01-01T00:00:00Z' as unknown as Date,
  },
};
const never = new AbortController().signal;

/** A compiled stage whose Pod requires these labels of its node. */
function compiled(nodeSelector: Record<string, string> = {}) {
  const { pod, ...rest } = compiledOf();
  const volumes = [{ name: GATE_VOLUME, emptyDir: {} }];
  return { ...rest, pod: { ...pod, spec: { containers: [], ...pod.spec, volumes, nodeSelector } } };
}

function environment(nodeSelector?: Record<string, string>, learned?: GateVolumes) {
  const env: TestStage = new TestStage({ draft: () => Promise.resolve(compiled(nodeSelector)) });
  onTestFinished(() => env.close());
  const { clock } = env;
  const gateVolumes =
    learned ?? new GateVolumes({ clock, log: silentLogger, setting: 'auto', hasEvents: () => true });
  Object.assign(env.parts, { gateVolumes });
  return Object.assign(env, { gateVolumes });
}

/** A new stage, whose Pod is created. */
async function begin(
  prepare: (env: TestStage) => void = () => undefined,
  nodeSelector: Record<string, string> = {},
  learned?: GateVolumes,
) {
  const env = environment(nodeSelector, learned);
  prepare(env);
  env.registry.enter(anEntry({ stageId: 63, phase: 'preparing' }));
  void env.podWatch
    .follow('ci', never)
    .then(() => runStage(env.parts, { stage: aStage(), machine: 'me' }, env.handOver.signal));
  await env.clock.step(0);
  return env;
}

const formOf = (pod: V1Pod | undefined): string | undefined => {
  if (!pod) return undefined;
  return pod.spec?.volumes?.some(({ image }) => image?.reference === IMAGE) ? 'image' : 'init';
};

/** The kubelet's status of both steps' containers; it ends the Pod once its deadline is in the past. */
function onNode(env: TestStage, state: object, last: object = NEVER_LOCATED): void {
  const both = (pod: V1Pod, one: object): V1Pod => withStates(pod, { 1: one, 2: one });
  const scheduled = { ...env.pod, spec: { containers: [], ...env.pod?.spec, nodeName: 'node-a' } };
  env.cluster.put(POD, withStatus(both(scheduled, state), { phase: 'Pending' }));
  env.podWatch.listen(({ object }) => {
    if (object.spec?.activeDeadlineSeconds !== 1 || object.status?.phase === 'Failed') return;
    const failed = { phase: 'Failed', reason: 'DeadlineExceeded' };
    // The kubelet reports the end of the Pod before it has stopped the containers.
    queueMicrotask(() => env.cluster.put(POD, withStatus(object, failed)));
    env.clock.after(700, () => {
      if (env.pod?.metadata?.uid === object.metadata?.uid)
        env.cluster.put(POD, withStatus(both(object, last), failed));
    });
  });
}

const notice = (env: TestStage, text: string, container = ''): void =>
  env.podWatch.notice(env.pod?.metadata?.uid ?? '', { key: text, text, atMs: 0, container, lasts: true });

describe('with HANGAR_GATE_VOLUME=auto, the gate', () => {
  it('is an image volume where that works, without a call more', async () => {
    const env = await begin();
    expect(formOf(env.pod)).toBe('image');
    await env.finishSteps();
    expect([env.server.stage.status, env.cluster.count('create', 'pods')]).toEqual(['success', 1]);
    expect(env.gateVolumes.byVolume(compiled().pod)).toBeDefined();
  });

  it.each([
    ['invalid', refusal(422, 'spec.volumes[2]: Required value: must specify a volume type')],
    [
      'forbidden',
      refusal(403, 'pods "x" is forbidden: admission webhook "v" denied the request: volume type image'),
    ],
  ])('comes by init container if the API server refuses the Pod as %s', async (_, error) => {
    const env = await begin(({ cluster }) => cluster.fail('create', 'pods', error));
    expect(formOf(env.pod)).toBe('init');
    expect(env.gateVolumes.byVolume(compiled().pod)).toBeUndefined();
    await env.finishSteps();
    expect(env.server.stage.status).toBe('success');
  });

  it('is tried as a volume again by the next stage if the API server refuses this Pod in both forms', async () => {
    const error = refusal(422, 'metadata.labels: Invalid value');
    const env = await begin(({ cluster }) => cluster.fail('create', 'pods', error, error));
    expect(env.server.stage).toMatchObject({
      status: 'error',
      error: expect.stringContaining('metadata.labels') as string,
    });
    expect(env.gateVolumes.byVolume(compiled().pod)).toBeDefined();
  });

  it('comes by init container if the API server drops the field', async () => {
    const env = await begin(({ cluster }) =>
      cluster.intercept(({ verb, body }) => {
        const volumes = (body as V1Pod | undefined)?.spec?.volumes ?? [];
        if (verb === 'create') for (const volume of volumes) delete volume.image;
      }),
    );
    await env.clock.step(1_000);
    expect([formOf(env.pod), env.cluster.count('create', 'pods')]).toEqual(['init', 2]);
    expect(env.gateVolumes.byVolume(compiled().pod)).toBeUndefined();
    await env.finishSteps();
    expect(env.server.stage.status).toBe('success');
  });

  it.each([
    ['the kubelet can’t pull its image', waiting('ImagePullBackOff', PULL_FAILED)],
    ['the runtime can’t mount it, which leaves the containers without a program', NOT_STARTED],
  ])('comes by init container if %s, and no step is reported meanwhile', async (_, state) => {
    const env = await begin();
    const { uid } = env.pod?.metadata ?? {};
    onNode(env, state);
    await env.clock.step(3_000);
    expect([formOf(env.pod), env.pod?.metadata?.uid === uid]).toEqual(['init', false]);
    expect(env.reports).toEqual(['stage running']);
    await env.finishSteps();
    expect(env.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
    expect(env.gateVolumes.byVolume(compiled().pod)).toBeUndefined();
  });

  it('comes by init container within 30 s if the runtime refuses the containers', async () => {
    const env = await begin();
    onNode(env, REFUSED);
    await env.clock.step(30_000);
    expect(formOf(env.pod)).toBe('init');
  });

  it('comes by init container if an Event says that the kubelet has no such kind of volume', async () => {
    const env = await begin();
    onNode(env, waiting('ContainerCreating'));
    await env.clock.step(1_000);
    notice(env, MOUNT_FAILED);
    await env.clock.step(3_000);
    expect(formOf(env.pod)).toBe('init');
  });

  it('is waited for while its pull takes long, and nothing wrong is learned', async () => {
    const env = await begin();
    onNode(env, waiting('ContainerCreating'));
    notice(env, `pulling image ${IMAGE}`);
    await env.clock.step(300_000);
    expect([formOf(env.pod), env.cluster.count('create', 'pods')]).toEqual(['image', 1]);
    await env.finishSteps();
    expect(env.server.stage.status).toBe('success');
    expect(env.gateVolumes.byVolume(compiled().pod)).toBeDefined();
  });

  it('is not blamed for another volume, nor for the image of a step', async () => {
    const env = await begin();
    onNode(env, waiting('ErrImagePull', 'pull access denied for private'));
    notice(env, 'waiting for a volume: MountVolume.SetUp failed for volume "data": not found');
    await env.clock.step(1_000);
    expect(env.server.stage).toMatchObject({ status: 'error' });
    expect(env.cluster.count('create', 'pods')).toBe(1);
    expect(env.gateVolumes.byVolume(compiled().pod)).toBeDefined();
  });

  it('is not replaced once a step was started, whatever is reported then', async () => {
    const env = await begin();
    env.cluster.put(
      POD,
      withStates(env.pod ?? {}, { 1: running(), 2: waiting('ImagePullBackOff', PULL_FAILED) }),
    );
    notice(env, MOUNT_FAILED);
    await env.clock.step(3_000);
    expect([formOf(env.pod), env.cluster.count('create', 'pods')]).toEqual(['image', 1]);
  });

  it('is not replaced if a step was started just before the Pod was stopped: the stage ends, since no step may run twice', async () => {
    const env = await begin();
    onNode(env, waiting('ImagePullBackOff', PULL_FAILED), gated(137));
    await env.clock.step(10_000);
    expect(env.server.stage).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/whether a step has run is not certain.*connection refused/) as string,
    });
    expect([env.pod, env.cluster.count('create', 'pods')]).toEqual([undefined, 1]);
  });

  it('is replaced if the API server is away for three minutes between the stop and the last status of the Pod', async () => {
    const env = await begin();
    let isAway = false;
    env.cluster.intercept(({ verb, target }) => {
      if (verb === 'patch') isAway = true;
      if (verb === 'get' && target.resource.plural === 'pods' && isAway && env.clock.monotonicMs() < 180_000)
        throw noAnswer();
    });
    onNode(env, waiting('ImagePullBackOff', PULL_FAILED));
    await env.clock.step(240_000);
    expect([formOf(env.pod), env.server.stage.status]).toEqual(['init', 'running']);
  });

  it('is not replaced by this replica if another one has taken over the Pod, whose stage is not reported either', async () => {
    const env = await begin();
    env.cluster.intercept(({ verb }) => {
      const { pod } = env;
      if (verb !== 'patch' || !pod) return;
      const annotations = { ...pod.metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
      env.cluster.put(POD, { ...pod, metadata: { ...pod.metadata, annotations } });
    });
    onNode(env, waiting('ImagePullBackOff', PULL_FAILED));
    await env.clock.step(240_000);
    expect([formOf(env.pod), env.pod?.spec?.activeDeadlineSeconds]).toEqual(['image', undefined]);
    expect([env.reports, env.registry.entries]).toEqual([['stage running'], []]);
  });

  it('is not replaced if the kubelet reports no end of the Pod for two minutes', async () => {
    const env = await begin();
    const scheduled = { ...env.pod, spec: { containers: [], ...env.pod?.spec, nodeName: 'node-a' } };
    const failing = waiting('ImagePullBackOff', PULL_FAILED);
    env.cluster.put(POD, withStates(scheduled, { 1: failing, 2: failing }));
    await env.clock.step(119_000);
    expect([formOf(env.pod), env.server.stage.status]).toEqual(['image', 'running']);
    await env.clock.step(3_000);
    expect(env.server.stage.error).toMatch(/whether a step has run is not certain/);
  });

  it('is replaced for each kind of node by itself', async () => {
    const env = await begin(undefined, { pool: 'old' });
    onNode(env, waiting('ImagePullBackOff', PULL_FAILED));
    await env.clock.step(3_000);
    expect(formOf(env.pod)).toBe('init');
    const sameKind = await begin(undefined, { pool: 'old' }, env.gateVolumes);
    expect(formOf(sameKind.pod)).toBe('init');
    const otherKind = await begin(undefined, { pool: 'new' }, env.gateVolumes);
    expect(formOf(otherKind.pod)).toBe('image');
  });

  it('is not replaced for a build that is cancelled meanwhile', async () => {
    const env = await begin();
    onNode(env, waiting('ImagePullBackOff', PULL_FAILED));
    env.cancel();
    await env.clock.step(60_000);
    expect([env.server.stage.status, env.pod]).toEqual(['killed', undefined]);
    expect(env.cluster.count('create', 'pods')).toBe(1);
  });
});

describe('a Pod whose gate’s volume fails, after its owner was lost', () => {
  const STARTED = {
    [ANNOTATION.owner]: 'ci/me',
    [ANNOTATION.stepIds]: '{"1":100,"2":200}',
    [ANNOTATION.stageVersion]: '4',
    [ANNOTATION.stageStarted]: '1768382990',
    [ANNOTATION.admittedAt]: '1768383000000',
  };

  interface Left {
    readonly annotations?: Record<string, string>;
    readonly phase?: string;
  }

  /** Puts the Pod and its Secrets as the former owner left them: started, and on a node. */
  function leave(
    env: ReturnType<typeof environment>,
    state: object,
    { annotations, phase = 'Pending' }: Left,
  ) {
    const { metadata, spec } = env.gateVolumes.byVolume(compiled().pod) ?? {};
    const all = { ...metadata?.annotations, ...STARTED, ...annotations };
    env.cluster.put(POD, {
      metadata: { ...metadata, annotations: all },
      spec: { containers: [], ...spec, schedulingGates: [] },
    });
    onNode(env, state);
    const stored = env.cluster.put(POD, withStatus(env.pod ?? {}, { phase }));
    const owner = { apiVersion: 'v1', kind: 'Pod', name: POD.name, uid: String(stored.metadata?.uid) };
    for (const secret of compiledOf().secrets)
      env.cluster.put(SECRET, { ...secret, metadata: { ...secret.metadata, ownerReferences: [owner] } });
    return stored;
  }

  async function adopt(state: object, left: Left) {
    const env = environment();
    env.server.stage = aStage({ status: 'running', version: 4 });
    env.server.register([1, 2]);
    const stored = leave(env, state, left);
    env.registry.enter(anEntry({ stageId: 63, adopted: true }));
    const record = readPod(stored);
    if (!record) throw new Error('the Pod has no record');
    const stage = aStage({ status: 'running', version: 4, machine: record.stage.machine });
    env.server.details = { ...aDetail('running'), stage };
    void env.podWatch.follow('ci', never).then(() => resume(env.parts, stored, record, env.handOver.signal));
    await settle();
    return Object.assign(env, { uid: stored.metadata?.uid });
  }

  it.each([
    ['is stopped and made again from the details of the stage', waiting('ImagePullBackOff', PULL_FAILED), {}],
    [
      'is made again if the former owner had stopped it for that',
      waiting('ContainerCreating'),
      { annotations: { [ANNOTATION.gateReplaced]: PULL_FAILED } },
    ],
    [
      'is made again if it has ended by then',
      NEVER_LOCATED,
      { annotations: { [ANNOTATION.gateReplaced]: PULL_FAILED }, phase: 'Failed' },
    ],
  ])('%s', async (_, state, more) => {
    const env = await adopt(state, more);
    const { uid } = env;
    await env.clock.step(5_000);
    expect([formOf(env.pod), env.pod?.metadata?.uid === uid]).toEqual(['init', false]);
    await env.finishSteps();
    await env.clock.step(5_000);
    expect(env.server.stage.status).toBe('success');
    expect(env.cluster.count('create', 'pods')).toBe(1);
  });
});

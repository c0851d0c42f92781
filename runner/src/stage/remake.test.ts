import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { gated, waiting, withStates } from '../supervise/testing/a-pod.ts';
import { begin, POD, type TestStage } from './testing/test-stage.ts';

describe('a Pod in which nothing of the pipeline has run', () => {
  const refused = (pod: V1Pod | undefined, changes: object = {}): V1Pod => ({
    ...pod,
    status: { phase: 'Failed', reason: 'OutOfcpu', message: 'no cpu left', ...changes },
  });

  it('is created again after its node rejected it, and the stage continues', async () => {
    const env = begin();
    await env.clock.step(0);
    const { uid } = env.pod?.metadata ?? {};
    env.cluster.put(POD, refused(env.pod));
    await env.clock.step(1_000);
    expect([env.pod, env.intents.get(63)?.started]).toEqual([undefined, { stepIds: [100, 200], owners: 1 }]);
    expect(env.registry.entries).toMatchObject([
      { phase: 'starting', reason: expect.stringMatching(/another Pod: .*no cpu left/) as string },
    ]);
    await env.clock.step(5_000);
    expect(env.pod?.metadata?.uid).not.toBe(uid);
    expect(env.intents.get(63)?.started).toBeUndefined();
    await env.finishSteps();
    expect(env.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
    expect([env.pod, env.isOver(), env.intents.size]).toEqual([undefined, true, 0]);
  });

  const BOUND = { nodeName: 'n1', containers: [] };
  const disrupted = (pod: V1Pod | undefined, reason: string, changes: object = {}): V1Pod => ({
    ...pod,
    spec: { ...BOUND, ...pod?.spec, nodeName: 'n1' },
    status: {
      phase: 'Pending',
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason }],
      ...changes,
    },
  });
  const NEVER_CREATED = { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } };
  /** How a kubelet ends a Pod whose containers it has not created. */
  const ENDED = {
    phase: 'Failed',
    containerStatuses: withStates({}, { 1: NEVER_CREATED }).status?.containerStatuses,
  };

  it.each(['EvictionByEvictionAPI', 'PreemptionByScheduler', 'TerminationByKubelet'])(
    'is created again after %s, once its kubelet has ended it, and not before',
    async (reason) => {
      const env = begin();
      await env.clock.step(0);
      env.cluster.put(POD, disrupted(env.pod, reason));
      await env.clock.step(5_000);
      expect(env.server.stage.status).toBe('running');
      expect(env.cluster.count('create', 'pods')).toBe(1);
      env.cluster.put(POD, disrupted(env.pod, reason, ENDED));
      env.cluster.drop(POD);
      await env.clock.step(10_000);
      expect(env.cluster.count('create', 'pods')).toBe(2);
      await env.finishSteps();
      expect(env.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
    },
  );

  it('is created again after somebody has deleted it before it had a node', async () => {
    const env = begin();
    await env.clock.step(0);
    env.cluster.drop(POD);
    await env.clock.step(10_000);
    expect(env.cluster.count('create', 'pods')).toBe(2);
    await env.finishSteps();
    expect(env.server.stage.status).toBe('success');
  });

  it.each<[string, (env: TestStage) => void]>([
    [
      'a step was started while it was being evicted',
      (env) => {
        env.cluster.put(POD, disrupted(env.pod, 'EvictionByEvictionAPI'));
        env.cluster.put(POD, withStates(env.pod ?? {}, { 1: gated(0) }));
      },
    ],
    [
      'it is gone from its node without a last status',
      (env) => {
        env.cluster.put(POD, { ...env.pod, spec: { ...BOUND, ...env.pod?.spec, nodeName: 'n1' } });
        env.cluster.drop(POD);
      },
    ],
    [
      'its kubelet does not end it',
      (env) => env.cluster.put(POD, disrupted(env.pod, 'EvictionByEvictionAPI')),
    ],
  ])('is not assumed if %s: the stage ends', async (_, happens) => {
    const env = begin();
    await env.clock.step(0);
    happens(env);
    await env.clock.step(90_000);
    expect(env.server.stage.status).toBe('error');
    expect(env.cluster.count('create', 'pods')).toBe(1);
  });

  it('is created again after pauses that grow', async () => {
    const env = begin();
    await env.clock.step(0);
    const pauses: number[] = [];
    for (let created = 1; created <= 3; created++) {
      env.cluster.put(POD, refused(env.pod));
      const fromMs = env.clock.monotonicMs();
      while (env.cluster.count('create', 'pods') === created) await env.clock.step(1_000);
      pauses.push(env.clock.monotonicMs() - fromMs);
    }
    expect(pauses).toEqual([5_000, 10_000, 20_000]);
  });

  it('is created again three times at most', async () => {
    const env = begin();
    for (let time = 0; time < 3; time++) {
      await env.clock.step(60_000);
      env.cluster.put(POD, refused(env.pod));
    }
    await env.clock.step(60_000);
    expect(env.server.stage.status).toBe('running');
    env.cluster.put(POD, refused(env.pod));
    await env.clock.step(60_000);
    expect(env.server.stage).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/terminated the Pod: OutOfcpu: no cpu left/) as string,
    });
    expect(env.cluster.count('create', 'pods')).toBe(4);
  });

  it.each([
    [
      'a step may have run',
      { containerStatuses: withStates({}, { 1: gated(137) }).status?.containerStatuses },
    ],
    [
      'only a condition states that its node is gone',
      { reason: '', conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC' }] },
    ],
  ])('is not assumed if %s: the stage ends', async (_, changes) => {
    const env = begin();
    await env.clock.step(0);
    env.cluster.put(POD, refused(env.pod, changes));
    await env.clock.step(20_000);
    expect(env.server.stage.status).toBe('error');
    expect(env.cluster.count('create', 'pods')).toBe(1);
  });

  it('is not created again for a build that is cancelled meanwhile', async () => {
    const env = begin();
    await env.clock.step(0);
    env.cluster.put(POD, refused(env.pod));
    await env.clock.step(1_000);
    env.cancel();
    await env.clock.step(60_000);
    expect([env.pod, env.isOver(), env.server.stage.status]).toEqual([undefined, true, 'killed']);
    expect(env.cluster.count('create', 'pods')).toBe(1);
  });

  describe('because its node pulls no image', () => {
    const PULL_FAILED = waiting('ImagePullBackOff', 'dial tcp: i/o timeout');
    const NODE_AFFINITY = {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            preference: {
              matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'NotIn', values: ['n1'] }],
            },
          },
        ],
      },
    };
    const onNode = (pod: V1Pod | undefined): V1Pod => ({
      ...withStates({ ...pod, status: { phase: 'Pending' } }, { 1: PULL_FAILED, 2: PULL_FAILED }),
      spec: { ...BOUND, ...pod?.spec, nodeName: 'n1' },
    });

    it('is created again away from it, once its kubelet has ended it; a second time the stage ends', async () => {
      const env = begin();
      await env.clock.step(0);
      env.cluster.put(POD, onNode(env.pod));
      await env.clock.step(61_000);
      expect(env.pod?.metadata?.annotations?.[ANNOTATION.nodeAvoided]).toBe('n1');
      expect(env.cluster.count('create', 'pods')).toBe(1);
      env.cluster.put(POD, { ...env.pod, status: ENDED });
      await env.clock.step(20_000);
      expect(env.cluster.count('create', 'pods')).toBe(2);
      expect(env.pod?.spec?.affinity).toEqual(NODE_AFFINITY);
      env.cluster.put(POD, onNode(env.pod));
      await env.clock.step(61_000);
      expect(env.server.stage).toMatchObject({
        status: 'error',
        error: expect.stringContaining('i/o timeout') as string,
      });
      expect(env.cluster.count('create', 'pods')).toBe(2);
    });

    it('is not created again if a step was started meanwhile', async () => {
      const env = begin();
      await env.clock.step(0);
      env.cluster.put(POD, onNode(env.pod));
      await env.clock.step(61_000);
      env.cluster.put(POD, {
        ...withStates(env.pod ?? {}, { 1: gated(0) }),
        status: { ...withStates(env.pod ?? {}, { 1: gated(0) }).status, phase: 'Failed' },
      });
      await env.clock.step(20_000);
      expect(env.server.stage).toMatchObject({
        status: 'error',
        error: expect.stringContaining('whether a step has run is not certain') as string,
      });
      expect(env.cluster.count('create', 'pods')).toBe(1);
    });
  });
});

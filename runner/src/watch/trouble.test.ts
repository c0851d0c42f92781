import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { aPlan, aPlannedStep } from '../supervise/testing/a-plan.ts';
import {
  afterSwap,
  aPod,
  gated,
  running,
  terminated,
  waiting,
  withStates,
  withStatus,
} from '../supervise/testing/a-pod.ts';
import { observe } from './observe.ts';
import {
  type CheckInputs,
  type Patience,
  type Since,
  type Trouble,
  troubledSince,
  troubleOf,
  waitingFor,
} from './trouble.ts';

const plan = aPlan();
const swapPlan = aPlan([aPlannedStep(1, { engine: 'swap' })]);
const PATIENCE: Patience = {
  imagePullMs: 60_000,
  nodeLostMs: 300_000,
  schedulingMs: 120_000,
  startMs: 480_000,
};
const both = { 1: running(), 2: running() };

/** Checks the same Pod repeatedly at this interval and returns the last result. */
function judge(
  pod: V1Pod,
  { afterMs = 0, of = plan, ...changes }: Partial<CheckInputs> & { afterMs?: number; of?: RunPlan } = {},
): Trouble | undefined {
  const view = observe(pod, of);
  let since: Since = new Map();
  for (const nowMs of [0, afterMs]) since = troubledSince(since, view, of, nowMs);
  const look: CheckInputs = {
    since,
    nowMs: afterMs,
    patience: PATIENCE,
    ours: false,
    ended: () => false,
    ...changes,
  };
  return troubleOf(view, of, look);
}

const sick = (status: object, metadata: object = {}): V1Pod => {
  const pod = withStatus(withStates(aPod(plan), both), status);
  return { ...pod, metadata: { ...pod.metadata, ...metadata } };
};
const disrupted = {
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }],
};

describe('problems of the whole Pod (known issue 35)', () => {
  it('are absent while it runs', () => {
    expect(judge(withStates(aPod(plan), both))).toBeUndefined();
  });

  it.each([
    ['its deadline', sick({ reason: 'DeadlineExceeded' }), 'deadline-exceeded', 'pipeline', /deadline/],
    ['eviction', sick({ reason: 'Evicted', message: 'memory' }), 'evicted', 'cluster', /evicted.*memory/],
    ['preemption', sick(disrupted), 'preempted', 'cluster', /PreemptionByScheduler/],
    [
      'a drain',
      sick({ conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }] }),
      'evicted',
      'cluster',
      /EvictionByEvictionAPI/,
    ],
    [
      'a node that shuts down while steps run',
      sick({
        conditions: [
          {
            type: 'DisruptionTarget',
            status: 'True',
            reason: 'TerminationByKubelet',
            message: 'Pod was terminated in response to imminent node shutdown.',
          },
        ],
      }),
      'node-shutdown',
      'cluster',
      /the node was shut down/,
    ],
    ['a deletion', sick({}, { deletionTimestamp: new Date(9_000) }), 'pod-deleted', 'cluster', /deleted/],
  ])('%s', (...[, pod, code, blame, text]) => {
    expect(judge(pod)).toMatchObject({ code, blame, text: expect.stringMatching(text) as string });
  });

  it('are absent when the runner itself deleted the Pod', () => {
    expect(judge(sick({ reason: 'Evicted' }), { ours: true })).toBeUndefined();
    expect(judge(sick({}, { deletionTimestamp: new Date(9_000) }), { ours: true })).toBeUndefined();
  });

  it('an unresponsive node gets time to recover', () => {
    const conditions = [
      { type: 'Ready', status: 'False', reason: 'NodeNotReady', lastTransitionTime: new Date(1_000) },
    ];
    const since = new Map([['node lost', 1_000]]);
    expect(judge(sick({ conditions }), { since, nowMs: 300_999 })).toBeUndefined();
    expect(judge(sick({ conditions }), { since, nowMs: 301_000 })).toMatchObject({
      code: 'node-lost',
      text: expect.stringMatching(/node-a/) as string,
    });
  });

  it('a node that rejects the Pod assigned to it', () => {
    const refused = withStatus(aPod(plan), { phase: 'Failed', reason: 'OutOfcpu', message: 'no cpu left' });
    expect(judge(refused)).toMatchObject({
      code: 'pod-refused',
      text: 'node node-a terminated the Pod: OutOfcpu: no cpu left',
    });
  });

  it.each(['NodeShutdown', 'Terminated'])('a node that shuts down when the Pod comes: %s', (reason) => {
    const refused = withStatus(aPod(plan), { phase: 'Failed', reason, message: 'the node is shutting down' });
    expect(judge(refused)).toMatchObject({
      code: 'node-shutdown',
      text: expect.stringMatching(/node node-a was shut down/) as string,
    });
  });

  it('a Pod that has ended gets a moment for the status of all its containers', () => {
    const over = withStatus(withStates(aPod(plan), { 1: gated(0) }), { phase: 'Failed' });
    expect(judge(over, { afterMs: 14_999 })).toBeUndefined();
    expect(judge(over, { afterMs: 15_000 })).toMatchObject({
      code: 'pod-refused',
      text: expect.stringMatching(/before all of its steps ran/) as string,
    });
  });

  it('a Pod that has ended is no problem if all its steps have ended', () => {
    const over = withStatus(withStates(aPod(plan), { 1: gated(1), 2: gated(0, 'failed-before') }), {
      phase: 'Failed',
    });
    expect(judge(over, { afterMs: 60_000 })).toBeUndefined();
    const known = withStatus(aPod(plan), { phase: 'Failed' });
    expect(judge(known, { afterMs: 60_000, ended: () => true })).toBeUndefined();
  });

  it('no node, for longer than the operator allows', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' },
    ];
    const pod = withStatus(aPod(plan, { spec: { nodeName: '' } }), { phase: 'Pending', conditions });
    expect(judge(pod, { afterMs: 119_999 })).toBeUndefined();
    expect(judge(pod, { afterMs: 120_000 })).toMatchObject({
      code: 'unschedulable',
      text: 'the Pod was unschedulable for 2 minutes (HANGAR_SCHEDULING_TIMEOUT): 0/3 nodes',
    });
    expect(
      judge(pod, { afterMs: 10 ** 9, patience: { ...PATIENCE, schedulingMs: undefined } }),
    ).toBeUndefined();
  });
});

describe('problems of the init container', () => {
  const withInit = (state: object) =>
    withStatus(aPod(plan), {
      initContainerStatuses: [{ name: 'hangar-init', state }] as unknown as NonNullable<
        V1Pod['status']
      >['initContainerStatuses'] &
        object,
    });

  it('a failure, with its message or its reason', () => {
    expect(judge(withInit(terminated(1, { message: 'no space' })))).toMatchObject({
      code: 'init-failed',
      text: 'preparing the Pod failed (code 1): no space',
    });
    expect(judge(withInit(terminated(1)))?.text).toBe('preparing the Pod failed (code 1): Error');
    expect(judge(withInit(terminated(0)))).toBeUndefined();
  });

  it('a missing image', () => {
    expect(judge(withInit(waiting('ErrImagePull', 'x: not found')))).toMatchObject({
      code: 'image-not-found',
      blame: 'operator',
    });
    expect(judge(withInit(waiting('ErrImagePull', 'connection refused')))).toBeUndefined();
  });
});

describe('problems of a step’s container (known issue 34)', () => {
  const first = (state: object) => withStates(aPod(plan), { ...both, 1: state });

  it.each([
    ['an image that is not there', waiting('ErrImagePull', 'manifest unknown')],
    ['an image that is not for us', waiting('ImagePullBackOff', 'pull access denied')],
    ['a name that can’t be one', waiting('InvalidImageName', 'bad')],
    ['an image that must not be pulled', waiting('ErrImageNeverPull')],
  ])('%s fails at once', (_, state) => {
    expect(judge(first(state))).toMatchObject({ code: 'image-not-found', blame: 'pipeline', step: 1 });
  });

  it.each([
    ['a registry that is away', waiting('ErrImagePull', 'dial tcp: connection refused')],
    ['a limit of pulls', waiting('ImagePullBackOff', '429 toomanyrequests')],
    [
      'words that are part of the image’s own name',
      waiting('ErrImagePull', 'docker.io/library/i1:1: timeout'),
    ],
  ])('%s is tolerated for a limited time', (_, state) => {
    expect(judge(first(state), { afterMs: 59_999 })).toBeUndefined();
    expect(judge(first(state), { afterMs: 60_000 })).toMatchObject({
      code: 'image-pull-failed',
      blame: 'cluster',
    });
  });

  it('an image named like an error message is not refused', () => {
    const forbidden = aPlan([aPlannedStep(1, { image: 'docker.io/acme/forbidden:1' })]);
    const state = waiting('ErrImagePull', 'docker.io/acme/forbidden:1: i/o timeout');
    expect(judge(withStates(aPod(forbidden), { 1: state }), { of: forbidden })).toBeUndefined();
  });

  it('a container that can’t be created may need a Secret that is created a moment later', () => {
    const state = waiting('CreateContainerConfigError', 'secret not found');
    expect(judge(first(state), { afterMs: 14_999 })).toBeUndefined();
    expect(judge(first(state), { afterMs: 15_000 })).toMatchObject({ code: 'container-refused', step: 1 });
    expect(judge(first(waiting('RunContainerError')), { afterMs: 15_000 })?.text).toContain(
      'RunContainerError',
    );
  });

  it.each([
    ['CreateContainerConfigError', 'failed to sync secret cache: timed out waiting for the condition'],
    ['CreateContainerError', 'rpc error: code = DeadlineExceeded desc = context deadline exceeded'],
    ['CreateContainerError', 'failed to reserve container name "x": name "x" is reserved for "0a1b"'],
  ])('a node that could not create a container (%s: %s) may recover', (reason, message) => {
    const state = waiting(reason, message);
    expect(judge(first(state), { afterMs: PATIENCE.nodeLostMs - 1 })).toBeUndefined();
    expect(judge(first(state), { afterMs: PATIENCE.nodeLostMs })).toMatchObject({
      code: 'node-unresponsive',
      blame: 'cluster',
      step: 1,
    });
  });

  it.each([
    ['an unresponsive node', true, waiting('CreateContainerError', 'context deadline exceeded')],
    ['a container that can’t be created', true, waiting('CreateContainerError', 'no such device')],
    ['a program that cannot start', false, terminated(128, { reason: 'StartError' })],
    ['an image that is not there', false, waiting('ErrImagePull', 'manifest unknown')],
  ])('a build ends for %s, and whether its Pod is read before that: %s', (_, isRead, state) => {
    const trouble = judge(first(state), { afterMs: PATIENCE.nodeLostMs });
    expect([trouble === undefined, trouble?.isLasting === true]).toEqual([false, isRead]);
  });

  it('a container that could not be started ends the build, one that ran does not', () => {
    const refused = terminated(128, { reason: 'StartError', message: 'no such directory' });
    expect(judge(first(refused))).toMatchObject({
      code: 'container-refused',
      text: expect.stringMatching(/no such directory/) as string,
    });
    expect(judge(first(terminated(127, { reason: 'ContainerCannotRun' })))).toMatchObject({
      code: 'container-refused',
    });
    expect(judge(first(terminated(1)))).toBeUndefined();
  });

  it('a container lost with its node is the node’s problem, unless its gate wrote its message', () => {
    const lost = { reason: 'ContainerStatusUnknown' };
    expect(judge(first(terminated(137, lost)))).toMatchObject({ code: 'node-lost', step: 1 });
    const line = { ...lost, message: 'ran 137 1768383011000 1768383019000' };
    expect(judge(first(terminated(137, line)))).toBeUndefined();
  });

  it('is absent once the step’s end is known', () => {
    const pod = first(terminated(137, { reason: 'ContainerStatusUnknown' }));
    expect(judge(pod, { ended: (n) => n === 1 })).toBeUndefined();
  });

  it('a container that waits without a reason is no problem', () => {
    expect(judge(first({}))).toBeUndefined();
    expect(
      troubleOf({ ...observe(aPod(plan), plan), steps: new Map() }, plan, {
        since: new Map(),
        nowMs: 0,
        patience: PATIENCE,
        ours: false,
        ended: () => false,
      }),
    ).toBeUndefined();
  });
});

describe('the limit for the start of a container', () => {
  const half = withStates(aPod(plan), { 1: running(), 2: waiting('ContainerCreating') });

  it('is measured from the assignment of the node, for one container after the other', () => {
    expect(judge(half, { afterMs: 479_999 })).toBeUndefined();
    expect(judge(half, { afterMs: 480_000 })).toMatchObject({
      code: 'start-timed-out',
      step: 2,
      text: 'the container of step s2 did not start within 8 minutes (DRONE_ENGINE_CONTAINER_START_TIMEOUT): ContainerCreating',
    });
  });

  it('starts again with each container that has started', () => {
    const none = observe(aPod(plan), plan);
    const one = observe(half, plan);
    const early = troubledSince(new Map(), none, plan, 0);
    const since = troubledSince(troubledSince(early, one, plan, 400_000), one, plan, 500_000);
    const look = { since, patience: PATIENCE, ours: false, ended: () => false };
    expect(troubleOf(one, plan, { ...look, nowMs: 500_000 })).toBeUndefined();
    expect(troubleOf(one, plan, { ...look, nowMs: 880_000 })).toMatchObject({ code: 'start-timed-out' });
  });

  it('does not apply before there is a node, nor without a configured limit', () => {
    const nowhere = aPod(plan, { spec: { nodeName: '' } });
    expect(judge(nowhere, { afterMs: 10 ** 9 })).toBeUndefined();
    expect(judge(half, { afterMs: 10 ** 9, patience: { ...PATIENCE, startMs: undefined } })).toBeUndefined();
  });

  it('applies to a placeholder, and again to the image swapped in', () => {
    const late = { afterMs: 480_000, of: swapPlan };
    expect(judge(aPod(swapPlan), late)).toMatchObject({ code: 'start-timed-out', step: 1 });
    const placed = withStates(aPod(swapPlan), { 1: running() });
    expect(judge(placed, late)).toBeUndefined();
    const swapped = withStates(afterSwap(aPod(swapPlan), 1, 'containerd://1-0'), { 1: running() });
    expect(judge(swapped, late)).toMatchObject({
      code: 'start-timed-out',
      text: expect.stringMatching(/Swapping/) as string,
    });
    expect(judge(withStates(swapped, { 1: running() }, 1), late)).toBeUndefined();
  });

  it('names no reason if there is none', () => {
    const silent = aPlan([aPlannedStep(1)]);
    const patience = { ...PATIENCE, startMs: 30_000 };
    expect(judge(aPod(silent), { afterMs: 30_000, of: silent, patience })?.text).toBe(
      'the container of step s1 did not start within 30 seconds (DRONE_ENGINE_CONTAINER_START_TIMEOUT)',
    );
  });
});

describe('troubledSince', () => {
  it('forgets problems that were resolved', () => {
    const ill = observe(withStates(aPod(plan), { ...both, 1: waiting('ErrImagePull') }), plan);
    const well = observe(withStates(aPod(plan), both), plan);
    const since = troubledSince(new Map(), ill, plan, 1);
    expect(since.size).toBeGreaterThan(0);
    expect(troubledSince(since, well, plan, 2)).toEqual(new Map());
    expect(troubledSince(since, ill, plan, 2)).toEqual(since);
  });
});

describe('waitingFor', () => {
  it('reports the node first, then images, else nothing', () => {
    const pulling = withStates(aPod(plan), { 1: waiting('ErrImagePull', 'timeout') });
    expect(waitingFor(observe(pulling, plan), plan)).toBe(
      'waiting for image docker.io/library/i1:1: timeout',
    );
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' },
    ];
    expect(waitingFor(observe(withStatus(pulling, { conditions }), plan), plan)).toBe(
      'waiting for a node: 0/3 nodes',
    );
    expect(waitingFor(observe(withStates(aPod(plan), both), plan), plan)).toBe('');
  });
});

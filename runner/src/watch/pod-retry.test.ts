import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { GATE_VOLUME } from '../pipeline/compiled.ts';
import { aPlan } from '../supervise/testing/a-plan.ts';
import { aPod, running, terminated, waiting, withStates, withStatus } from '../supervise/testing/a-pod.ts';
import { observe } from './observe.ts';
import { podRetryOf, whetherRan } from './pod-retry.ts';
import { troubledSince } from './trouble.ts';

const plan = aPlan();
const NEVER_LOCATED = { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } };
const WAITING = waiting('ContainerCreating');
const EVICTED = { phase: 'Failed', reason: 'Evicted', message: 'memory' };

const disrupted = (reason: string, phase = 'Failed'): object => ({
  phase,
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason }],
});

/** A Pod without an init container, whose two steps are in that state. */
function podOf(state: V1ContainerState | undefined, status: object = EVICTED, spec: object = {}): V1Pod {
  const pod = aPod(plan, { spec: { initContainers: undefined, ...spec } });
  return withStatus(state ? withStates(pod, { 1: state, 2: state }) : pod, status);
}

describe('whether a step of a Pod was started', () => {
  it.each([
    ['that its node refused, which has no status of containers', podOf(undefined), 'no'],
    ['whose containers were never started', podOf(NEVER_LOCATED), 'no'],
    [
      'whose containers the runtime could not start',
      podOf(terminated(128, { startedAt: '1970-01-01T00:00:00Z' })),
      'no',
    ],
    ['whose containers still have the status of before', podOf(WAITING), 'open'],
    ['whose steps ran', podOf(terminated(0)), 'maybe'],
    ['whose steps run', podOf(running()), 'maybe'],
    ['that runs', podOf(WAITING, { phase: 'Pending' }), 'maybe'],
    [
      'that somebody else ended for a node that is gone',
      podOf(NEVER_LOCATED, disrupted('DeletionByPodGC')),
      'maybe',
    ],
    ['that was preempted', podOf(NEVER_LOCATED, disrupted('PreemptionByScheduler')), 'no'],
  ])('%s', (_, pod, ran) => {
    expect(whetherRan(pod, plan)).toBe(ran);
  });

  const initContainers = [{ name: 'hangar-init' }];
  const init = (state: V1ContainerState) => [{ name: 'hangar-init', state }];
  it.each([
    ['has not ended: no step starts before', running(), 'no'],
    ['has failed', terminated(1), 'no'],
    ['has ended', terminated(0), 'open'],
  ])('whose init container %s', (_, state, ran) => {
    const status = { ...EVICTED, initContainerStatuses: init(state) };
    expect(whetherRan(podOf(WAITING, status, { initContainers }), plan)).toBe(ran);
  });
});

describe('a Pod with the gate’s image as a volume, none of whose containers starts', () => {
  const spec = { volumes: [{ name: GATE_VOLUME, image: { reference: 'hangar-gate:1' } }] };
  const judge = (state: V1ContainerState, isFresh = true) => {
    const pod = podOf(state, { phase: 'Pending' }, spec);
    const since = troubledSince(new Map(), observe(pod, plan), plan, 0);
    const patience = { imagePullMs: 600_000, nodeLostMs: 300_000, startMs: 1_000 };
    const inputs = { since, nowMs: 60_000, patience, ours: false };
    const watched = { pod, gone: false, isFinal: false, notices: [] };
    const so = { inputs, mayRemake: true, mayReplaceGate: true, mayAvoidNode: true, isFresh };
    return podRetryOf(watched, plan, so);
  };

  it('is made again with an init container if the runtime refuses them, and not because their start takes long', () => {
    const refused = terminated(128, { reason: 'StartError', startedAt: '1970-01-01T00:00:00Z' });
    expect(judge(refused)).toMatchObject({ kind: 'no-gate' });
    expect(judge(WAITING)).toBeUndefined();
  });

  it('is read before that: the kubelet may have succeeded', () => {
    const refused = waiting('CreateContainerError', 'no such device');
    expect([judge(refused, false), judge(refused)]).toMatchObject(['unread', { kind: 'no-gate' }]);
    expect(judge(WAITING, false)).toBeUndefined();
  });
});

describe('a Pod that its node has ended', () => {
  interface How {
    readonly isFresh?: boolean;
    readonly gone?: boolean;
    readonly isFinal?: boolean;
  }
  const judge = (pod: V1Pod, afterMs = 0, mayRemake = true, { isFresh = true, ...how }: How = {}) => {
    const since = troubledSince(new Map(), observe(pod, plan), plan, 0);
    const patience = { imagePullMs: 60_000, nodeLostMs: 300_000 };
    const inputs = { since, nowMs: afterMs, patience, ours: false };
    const watched = { pod, gone: false, isFinal: false, notices: [], ...how };
    return podRetryOf(watched, plan, {
      inputs,
      mayRemake,
      mayReplaceGate: false,
      mayAvoidNode: true,
      isFresh,
    });
  };

  it('is made again if nothing ran in it', () => {
    expect(judge(podOf(NEVER_LOCATED))).toMatchObject({ kind: 'not-run', trouble: { code: 'evicted' } });
    expect(judge(podOf(NEVER_LOCATED), 0, false)).toBeUndefined();
  });

  it('is judged when the kubelet’s last status is there, or 15 s later', () => {
    expect(judge(podOf(WAITING))).toBe('later');
    expect(judge(podOf(WAITING), 14_999)).toBe('later');
    expect(judge(podOf(WAITING), 15_000)).toBeUndefined();
    expect(judge(podOf(WAITING), 15_000, true, { isFresh: false })).toBe('unread');
  });

  it.each(['EvictionByEvictionAPI', 'PreemptionByScheduler', 'TerminationByKubelet'])(
    'is made again after %s, once the kubelet has ended it; 15 s later that is not awaited any more',
    (reason) => {
      const ending = podOf(WAITING, disrupted(reason, 'Pending'));
      expect([judge(ending), judge(ending, 14_999), judge(ending, 15_000)]).toEqual([
        'later',
        'later',
        undefined,
      ]);
      expect(judge(podOf(NEVER_LOCATED, disrupted(reason)))).toMatchObject({ kind: 'not-run' });
    },
  );

  it.each(['DeletionByPodGC', 'DeletionByTaintManager'])('is not made again after %s', (reason) => {
    expect(judge(podOf(WAITING, disrupted(reason, 'Pending')))).toBeUndefined();
    expect(judge(podOf(NEVER_LOCATED, disrupted(reason)))).toBeUndefined();
  });

  const UNBOUND = podOf(undefined, { phase: 'Pending' }, { nodeName: '' });
  it.each<[string, V1Pod, object, boolean]>([
    ['before it was bound to a node', UNBOUND, { isFinal: true }, true],
    ['when its deletion was not seen', UNBOUND, { isFinal: false }, false],
    ['with the last status of its kubelet', podOf(NEVER_LOCATED), { isFinal: true }, true],
    ['without one', podOf(WAITING, { phase: 'Pending' }), { isFinal: true }, false],
  ])('is made again if it is gone %s: %s', (_, pod, how, isMadeAgain) => {
    const retry = judge(pod, 0, true, { gone: true, ...how });
    expect(typeof retry === 'object').toBe(isMadeAgain);
  });

  it('is made again on another node if the node pulls no image for longer than the patience', () => {
    const stuck = podOf(waiting('ImagePullBackOff', 'dial tcp: i/o timeout'), { phase: 'Pending' });
    expect(judge(stuck, 59_999)).toBeUndefined();
    expect(judge(stuck, 60_000)).toMatchObject({ kind: 'no-image', node: 'node-a' });
    const started = withStates(stuck, { 1: running() });
    expect(judge(started, 60_000)).toBeUndefined();
  });

  it('is not made again if a step ran, or its deadline ended it', () => {
    expect(judge(podOf(terminated(137)))).toBeUndefined();
    expect(judge(podOf(NEVER_LOCATED, { ...EVICTED, reason: 'DeadlineExceeded' }))).toBeUndefined();
  });
});

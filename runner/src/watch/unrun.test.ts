import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { aPlan } from '../supervise/testing/a-plan.ts';
import { aPod, running, terminated, waiting, withStates, withStatus } from '../supervise/testing/a-pod.ts';
import { observe } from './observe.ts';
import { troubledSince } from './trouble.ts';
import { unrunOf, whetherRan } from './unrun.ts';

const plan = aPlan();
const NEVER_LOCATED = { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } };
const WAITING = waiting('ContainerCreating');
const EVICTED = { phase: 'Failed', reason: 'Evicted', message: 'memory' };

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
      podOf(NEVER_LOCATED, { ...EVICTED, conditions: [{ type: 'DisruptionTarget', status: 'True' }] }),
      'maybe',
    ],
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

describe('a Pod that its node has ended', () => {
  const judge = (pod: V1Pod, afterMs = 0, mayRemake = true) => {
    const since = troubledSince(new Map(), observe(pod, plan), plan, 0);
    const patience = { imagePullMs: 60_000, nodeLostMs: 300_000 };
    const inputs = { since, nowMs: afterMs, patience, ours: false };
    return unrunOf(pod, plan, { inputs, notices: [], mayRemake, mayReplaceGate: false });
  };

  it('is made again if nothing ran in it', () => {
    expect(judge(podOf(NEVER_LOCATED))).toMatchObject({ kind: 'not-run', trouble: { code: 'evicted' } });
    expect(judge(podOf(NEVER_LOCATED), 0, false)).toBeUndefined();
  });

  it('is judged when the kubelet’s last status is there, or 15 s later', () => {
    expect(judge(podOf(WAITING))).toBe('later');
    expect(judge(podOf(WAITING), 14_999)).toBe('later');
    expect(judge(podOf(WAITING), 15_000)).toBeUndefined();
  });

  it('is not made again if a step ran, or its deadline ended it', () => {
    expect(judge(podOf(terminated(137)))).toBeUndefined();
    expect(judge(podOf(NEVER_LOCATED, { ...EVICTED, reason: 'DeadlineExceeded' }))).toBeUndefined();
  });
});

import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { NO_PLACEHOLDER } from '../pipeline/compiled.ts';
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
import { WAITS } from './container-view.ts';
import { observe } from './observe.ts';

const plan = aPlan();
const swapPlan = aPlan([aPlannedStep(1, { engine: 'swap' })]);
const stepOf = (pod: V1Pod, of = plan) => observe(pod, of).steps.get(1);
const condition = (type: string, status: string, more: object = {}) =>
  ({ conditions: [{ type, status, ...more }] }) as V1Pod['status'] & object;

describe('observe: the Pod', () => {
  it('returns empty values for a Pod without status', () => {
    expect(observe({}, plan)).toMatchObject({
      phase: 'Pending',
      reason: '',
      nodeName: '',
      scheduled: false,
      unschedulable: '',
      deletion: undefined,
      disruption: '',
      isNodeLost: false,
      init: { kind: 'unknown' },
    });
    expect(stepOf({})).toEqual({ kind: 'unknown' });
  });

  it.each([
    ['its condition is true', condition('PodScheduled', 'True'), true, ''],
    [
      'no node fits, with the scheduler’s message',
      condition('PodScheduled', 'False', { reason: 'Unschedulable', message: '0/3 nodes' }),
      false,
      '0/3 nodes',
    ],
    [
      'no node fits, without a message',
      condition('PodScheduled', 'False', { reason: 'Unschedulable' }),
      false,
      'no node fits',
    ],
    ['its gate holds it', condition('PodScheduled', 'False', { reason: 'SchedulingGated' }), false, ''],
  ])('detects whether it is scheduled: %s', (_, status, scheduled, unschedulable) => {
    expect(observe({ status }, plan)).toMatchObject({ scheduled, unschedulable });
  });

  it('is scheduled if it has a node, whatever its conditions', () => {
    expect(observe({ spec: { nodeName: 'a', containers: [] } }, plan)).toMatchObject({
      scheduled: true,
      nodeName: 'a',
    });
  });

  it('computes the start of its deletion: the timestamp is the end of the grace period', () => {
    const metadata = { deletionTimestamp: new Date(100_000), deletionGracePeriodSeconds: 10 };
    expect(observe({ metadata }, plan).deletion).toEqual({ atMs: 90_000, graceMs: 10_000 });
    const silent = { deletionTimestamp: new Date(100_000) };
    expect(observe({ metadata: silent }, plan).deletion).toEqual({ atMs: 70_000, graceMs: 30_000 });
  });

  it('reports a disruption condition that is true, not one that is false again', () => {
    const about = { reason: 'EvictionByEvictionAPI', message: 'drained' };
    expect(observe({ status: condition('DisruptionTarget', 'True', about) }, plan).disruption).toBe(
      'EvictionByEvictionAPI: drained',
    );
    expect(observe({ status: condition('DisruptionTarget', 'True') }, plan).disruption).toBe(': ');
    expect(observe({ status: condition('DisruptionTarget', 'False', about) }, plan).disruption).toBe('');
  });

  it('reports that its node does not respond', () => {
    const since = { lastTransitionTime: new Date(5_000) };
    const unanswered = condition('Ready', 'False', since);
    expect(observe({ status: unanswered }, plan).isNodeLost).toBe(true);
    const lost = condition('Ready', 'False', { reason: 'NodeNotReady', ...since });
    expect(observe({ status: lost }, plan).isNodeLost).toBe(true);
    const old = { ...condition('Ready', 'Unknown', since), reason: 'NodeLost' };
    expect(observe({ status: old }, plan).isNodeLost).toBe(true);
    const busy = condition('Ready', 'False', { reason: 'ContainersNotReady', ...since });
    expect(observe({ status: busy }, plan).isNodeLost).toBe(false);
    const well = condition('Ready', 'True', { reason: 'NodeNotReady', ...since });
    expect(observe({ status: well }, plan).isNodeLost).toBe(false);
  });
});

describe('observe: the init containers', () => {
  const withInits = (inits: readonly { name: string; state?: object }[], sidecars: readonly string[] = []) =>
    observe(
      {
        spec: { containers: [], initContainers: sidecars.map((name) => ({ name, restartPolicy: 'Always' })) },
        status: {
          initContainerStatuses: inits as NonNullable<V1Pod['status']>['initContainerStatuses'] & object,
        },
      },
      plan,
    ).init;

  it('reports the runner’s own by its name, even if a service mesh adds others', () => {
    expect(
      withInits([
        { name: 'istio-init', state: terminated(0) },
        { name: 'hangar-init', state: running() },
      ]),
    ).toMatchObject({
      kind: 'running',
    });
  });

  it('reports the one that failed, also an injected one', () => {
    const inits = [
      { name: 'hangar-init', state: terminated(0) },
      { name: 'mesh', state: terminated(1) },
    ];
    expect(withInits(inits)).toMatchObject({ kind: 'ended', code: 1 });
  });

  it('reports the one whose image can’t be pulled, not those that wait for it', () => {
    const inits = [
      { name: 'hangar-init', state: waiting('ErrImagePull', 'not found') },
      { name: 'hangar-tmate', state: waiting('PodInitializing') },
    ];
    expect(withInits(inits)).toMatchObject({ kind: 'waiting', reason: 'ErrImagePull' });
  });

  it('reports the first container where the gate’s image is a volume that can’t be pulled, not one that lacks its own image', () => {
    const withVolume = (message: string) =>
      observe(
        {
          spec: { containers: [], volumes: [{ name: 'hangar-bin', image: { reference: 'corp/gate:1' } }] },
          status: {
            containerStatuses: [
              { name: 'step-1', state: waiting('ErrImagePull', message) },
            ] as unknown as NonNullable<V1Pod['status']>['containerStatuses'] & object,
          },
        },
        plan,
      ).init;
    const missing = 'failed to resolve image: docker.io/corp/gate:1: not found';
    expect(withVolume(missing)).toMatchObject({ kind: 'waiting', reason: 'ErrImagePull', message: missing });
    expect(withVolume('docker.io/library/golang:1: not found')).toEqual({ kind: 'unknown' });
  });

  it('ignores the state of a sidecar: it is restarted', () => {
    expect(withInits([{ name: 'proxy', state: terminated(1) }], ['proxy'])).toEqual({ kind: 'unknown' });
  });
});

describe('observe: a gated step', () => {
  it.each([
    [
      'waits',
      waiting('ContainerCreating', 'soon'),
      { kind: 'waiting', reason: 'ContainerCreating', message: 'soon' },
    ],
    ['waits without a reason', { waiting: {} }, { kind: 'waiting', reason: '', message: '' }],
    ['runs', running('2026-01-14T09:30:10Z'), { kind: 'running', startedMs: 1_768_383_010_000 }],
    [
      'has ended',
      terminated(2),
      { kind: 'ended', code: 2, reason: 'Error', line: undefined, endedMs: 1_768_383_020_000 },
    ],
    ['has no state yet', {}, { kind: 'unknown' }],
  ])('%s', (_, state, view) => {
    expect(stepOf(withStates(aPod(plan), { 1: state }))).toMatchObject(view);
  });

  it('has times of 0 if the kubelet’s are invalid', () => {
    const state = { terminated: { exitCode: 1, startedAt: 'soon' } } as unknown as ReturnType<typeof running>;
    expect(stepOf(withStates(aPod(plan), { 1: state }))).toMatchObject({ startedMs: 0, endedMs: 0 });
  });

  it('has the termination message of its gate', () => {
    const line = { decision: 'ran', code: 2, startMs: 1_768_383_011_000, endMs: 1_768_383_019_000 };
    expect(stepOf(withStates(aPod(plan), { 1: gated(2) }))).toMatchObject({ code: 2, line });
  });

  it('has no gate message when the line has a different exit code: the program wrote it, and its gate was killed', () => {
    const forged = terminated(137, { message: 'failed-before 0 1 1' });
    expect(stepOf(withStates(aPod(plan), { 1: forged }))).toMatchObject({ code: 137, line: undefined });
  });

  it('has no gate message if the program replaced the gate', () => {
    const replaced = aPlan([aPlannedStep(1, { role: 'background', pid1: true })]);
    expect(stepOf(withStates(aPod(replaced), { 1: gated(0) }), replaced)).toMatchObject({ line: undefined });
  });
});

describe('observe: a swapped step (known issues 5, 6 and 62)', () => {
  const placeholder = 'containerd://1-0';
  const before = aPod(swapPlan);
  const at = (pod: V1Pod) => stepOf(pod, swapPlan);
  const reasonAt = (pod: V1Pod) => {
    const view = at(pod);
    return view?.kind === 'waiting' ? view.reason : view?.kind;
  };

  it.each([
    ['has not started', before, WAITS.unstarted],
    ['is being made', withStates(before, { 1: waiting('ContainerCreating') }), WAITS.unstarted],
    ['runs', withStates(before, { 1: running() }), WAITS.notYet],
    ['has ended by itself', withStates(before, { 1: terminated(137) }), WAITS.placeholderLost],
  ])('waits before its turn, also when its placeholder %s', (_, pod, reason) => {
    expect(reasonAt(pod)).toBe(reason);
  });

  it('reports why its placeholder can’t start', () => {
    expect(at(withStates(before, { 1: waiting('ErrImagePull', 'no such host') }))).toMatchObject({
      message: 'no such host',
    });
  });

  it.each([0, 2, 137, 213])('does not count a placeholder that ends with %i as its own program', (code) => {
    const pod = withStates(afterSwap(before, 1, placeholder), { 1: terminated(code) });
    expect(reasonAt(pod)).toBe(WAITS.swapping);
  });

  it('does not count a running placeholder as its own program', () => {
    expect(reasonAt(withStates(afterSwap(before, 1, placeholder), { 1: running() }))).toBe(WAITS.swapping);
  });

  it.each([0, 2, 213])('counts the end of its own program with %i as such', (code) => {
    const pod = withStates(afterSwap(before, 1, placeholder), { 1: terminated(code) }, 1);
    expect(at(pod)).toMatchObject({ kind: 'ended', code });
  });

  it('counts the first container as its own if no node had the Pod at the swap', () => {
    const pod = withStates(afterSwap(before, 1, NO_PLACEHOLDER), { 1: terminated(213) });
    expect(at(pod)).toMatchObject({ kind: 'ended', code: 213 });
  });

  it('recognises a placeholder by its exit code if a person swapped the image', () => {
    expect(reasonAt(withStates(afterSwap(before, 1), { 1: terminated(213) }))).toBe(WAITS.swapping);
    expect(at(withStates(afterSwap(before, 1), { 1: terminated(213) }, 1))).toMatchObject({ kind: 'ended' });
  });

  it('reports that its image is being pulled', () => {
    const pod = withStates(afterSwap(before, 1, placeholder), { 1: waiting('ErrImagePull') }, 1);
    expect(at(pod)).toMatchObject({ kind: 'waiting', reason: 'ErrImagePull' });
    expect(at(withStatus(afterSwap(before, 1, placeholder), {}))).toEqual({ kind: 'unknown' });
  });

  it('has no gate message, whatever its program writes', () => {
    const pod = withStates(afterSwap(before, 1, placeholder), { 1: gated(1) }, 1);
    expect(at(pod)).toMatchObject({ kind: 'ended', code: 1, line: undefined });
  });
});

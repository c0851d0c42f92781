import { beforeEach, describe, expect, it } from 'vitest';
import type { NodeFact } from '../capacity/read-node.ts';
import { readNode } from '../capacity/read-node.ts';
import type { PodFact } from '../capacity/read-pod.ts';
import { readPod } from '../capacity/read-pod.ts';
import { BootPhases } from './boot-phases.ts';

const NOW = 1_768_383_000_000;
const at = (seconds: number): Date => new Date(NOW + seconds * 1000);
const ms = (seconds: number): number => NOW + seconds * 1000;

/** A node that was created at 0. */
function aNode(name: string, change: { ready?: number; taint?: string } = {}): NodeFact {
  const { ready, taint } = change;
  const condition = {
    ...{ type: 'Ready', status: ready === undefined ? 'False' : 'True' },
    lastTransitionTime: at(ready ?? 0),
  };
  return readNode(
    {
      metadata: { name, creationTimestamp: at(0) },
      spec: { taints: taint === undefined ? [] : [{ key: taint, effect: 'NoSchedule' }] },
      status: { conditions: [condition] },
    },
    { label: 'pool', taint: '' },
    NOW,
  );
}

const container = (name: string, started: number | undefined) => ({
  ...{ name, image: '', imageID: '', ready: true, restartCount: 0 },
  state: started === undefined ? {} : { running: { startedAt: at(started) } },
});

/** A Pod of two containers. */
const aPod = (name: string, node: string, bound: number, started: readonly (number | undefined)[]): PodFact =>
  readPod(
    {
      metadata: { name, uid: name },
      spec: {
        nodeName: node,
        containers: ['a', 'b'].map((one) => ({ name: one })),
        initContainers: [{ name: 'hangar-init' }],
      },
      status: {
        conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: at(bound) }],
        initContainerStatuses: [container('hangar-init', bound + 1)],
        containerStatuses: started.map((one, nth) => container(`c${nth}`, one)),
      },
    },
    NOW,
  );

describe('the phases of a boot', () => {
  let phases: BootPhases;
  beforeEach(() => {
    phases = new BootPhases();
  });

  it('time the kubelet from the Node object until the node is ready, once', () => {
    expect(phases.node(aNode('n'), ms(1))).toBeUndefined();
    expect(phases.node(aNode('n', { ready: 25 }), ms(26))).toEqual({ phase: 'kubelet', seconds: 25 });
    expect(phases.node(aNode('n'), ms(90))).toBeUndefined();
    expect(phases.node(aNode('n', { ready: 99 }), ms(99))).toBeUndefined();
  });

  it('include the taint of a network plugin, until it is observed to be gone', () => {
    phases.node(aNode('n'), ms(1));
    const taint = 'node.cilium.io/agent-not-ready';

    expect(phases.node(aNode('n', { ready: 25, taint }), ms(26))).toBeUndefined();
    expect(phases.node(aNode('n', { ready: 25 }), ms(61))).toEqual({ phase: 'kubelet', seconds: 61 });
  });

  it('leave out a node that was ready when it was first seen: it may have been unready in between', () => {
    expect(phases.node(aNode('old', { ready: 25 }), ms(500))).toBeUndefined();
    expect(phases.node(aNode('old'), ms(600))).toBeUndefined();
    expect(phases.node(aNode('old', { ready: 700 }), ms(700))).toBeUndefined();
  });

  it('leave out a boot of more than an hour, and begin again with a node of the same name', () => {
    phases.node(aNode('n'), ms(1));
    expect(phases.node(aNode('n', { ready: 3_601 }), ms(3_601))).toBeUndefined();
    phases.nodeGone(aNode('n'));
    phases.node(aNode('n'), ms(1));
    expect(phases.node(aNode('n', { ready: 3_600 }), ms(3_600))).toEqual({
      phase: 'kubelet',
      seconds: 3_600,
    });
  });

  describe('of images, from the binding of a build until all its containers have started,', () => {
    beforeEach(() => {
      phases.node(aNode('n'), ms(1));
      phases.node(aNode('n', { ready: 20 }), ms(20));
      phases.node(aNode('old', { ready: 20 }), ms(500));
    });

    it('are cold on a node without an earlier build, and warm after that', () => {
      expect(phases.pod(aPod('one', 'n', 30, [40, 75]))).toEqual({ phase: 'cold', seconds: 45 });
      expect(phases.pod(aPod('two', 'n', 75, [76, 78]))).toEqual({ phase: 'warm', seconds: 3 });
    });

    it('are none while a container has not started, and are told once', () => {
      expect(phases.pod(aPod('one', 'n', 30, [40, undefined]))).toBeUndefined();
      expect(phases.pod(aPod('one', 'n', 30, [40]))).toBeUndefined();
      expect(phases.pod(aPod('one', 'n', 30, [40, 75]))).toEqual({ phase: 'cold', seconds: 45 });
      expect(phases.pod(aPod('one', 'n', 30, [40, 200]))).toBeUndefined();
    });

    it('leave out a build that came while the first one was pulling', () => {
      phases.pod(aPod('one', 'n', 30, [40, 75]));

      expect(phases.pod(aPod('two', 'n', 74, [75, 76]))).toBeUndefined();
    });

    it('are warm on a node that was there before, and none on an unknown one', () => {
      expect(phases.pod(aPod('one', 'old', 30, [31, 32]))).toEqual({ phase: 'warm', seconds: 2 });
      expect(phases.pod(aPod('two', 'unknown', 30, [31, 32]))).toBeUndefined();
    });
  });
});

import type { V1Pod } from '@kubernetes/client-node';
import { LABEL } from '../pipeline/compiled.ts';
import type { Load } from './admit.ts';
import type { NodeLoad, NodeLoads, NodeWish } from './node-budget.ts';
import { type Placement, placementOf } from './placement.ts';
import { isHeld, loadOf } from './pod-load.ts';

/** A stage that this replica has admitted. */
export interface AdmittedStage {
  readonly stageId: number;
  readonly asks: Load;
  readonly placement?: Placement;
  readonly node?: string | undefined;
}

/** What is known of admitted stages. */
export interface AdmittedStages {
  /** Those of this replica. */
  readonly own: readonly AdmittedStage[];
  /** All Pods of runners, of every replica. */
  readonly pods: readonly V1Pod[];
  /** What other replicas have admitted lately, by stage. */
  readonly reserved: ReadonlyMap<number, NodeLoad>;
}

/** What is taken on nodes, each stage once: by its Pod, else as its own replica knows it, else as it is reserved. Pure. */
export function nodeLoads({ own, pods, reserved }: AdmittedStages): NodeLoads {
  const released = pods.filter((pod) => !isHeld(pod));
  const withPod = new Set(released.map(stageOf));
  const known = new Set([...withPod, ...own.map(({ stageId }) => stageId)]);
  const live = released.map((pod) => ({ pod, asks: loadOf(pod) })).filter(({ asks }) => asks.pods > 0);
  const admittedTo = new Map([...reserved].map(([stageId, { node }]) => [stageId, node]));
  for (const { stageId, node } of own) if (node !== undefined) admittedTo.set(stageId, node);
  const wishes = [
    ...live
      .filter(({ pod }) => !pod.spec?.nodeName)
      .map(({ pod, asks }) => ({ stageId: stageOf(pod), asks, placement: placementOf(pod) })),
    ...own
      .filter(({ stageId }) => !withPod.has(stageId))
      .map(({ stageId, asks, placement = {} }) => ({ stageId, asks, placement })),
  ]
    .sort((a, b) => a.stageId - b.stageId)
    .map(({ stageId, ...wish }): NodeWish => ({ ...wish, node: admittedTo.get(stageId) }));
  return {
    bound: [
      ...live.flatMap(({ pod, asks }) => (pod.spec?.nodeName ? [{ node: pod.spec.nodeName, asks }] : [])),
      ...[...reserved].filter(([stageId]) => !known.has(stageId)).map(([, load]) => load),
    ],
    pending: [
      ...wishes.filter(({ node }) => node !== undefined),
      ...wishes.filter(({ node }) => node === undefined),
    ],
  };
}

const stageOf = ({ metadata }: V1Pod): number => Number(metadata?.labels?.[LABEL.stageId]);

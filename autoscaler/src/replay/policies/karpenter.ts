import type { Decision, Policy, PolicyView } from '../policy.ts';
import { bufferReplicas } from './buffer-replicas.ts';
import { newNodesFor } from './first-fit.ts';
import type { BufferRule } from './own-pool.ts';
import { ownPoolPolicy } from './own-pool.ts';

/** Karpenter's own settings and defaults (capacity.md §1 and §5.1). */
export interface KarpenterOptions {
  readonly tickSeconds: number;
  readonly validationSeconds: number;
  /** Share of the nodes that may go at once. */
  readonly budgetShare: number;
}

/** Defaults: consolidateAfter 0, its 15 s validation, a budget of 10 %. */
export const KARPENTER: KarpenterOptions = { tickSeconds: 5, validationSeconds: 15, budgetShare: 0.1 };

/**
 * A dynamic NodePool under Karpenter: new nodes for Pods that wait; empty nodes go after its validation, within its budget.
 * Build Pods carry do-not-disrupt, so that nothing else is consolidated.
 */
export function karpenterPolicy(options: KarpenterOptions = KARPENTER): Policy {
  const tick = (view: PolicyView): Decision => {
    const booting = view.nodes.filter(({ state }) => state === 'booting').length;
    const order = view.waitingTotal > 0 ? newNodesFor(view.waiting, booting, view.nodeSpec) : 0;
    const budget = Math.ceil(view.nodes.length * options.budgetShare);
    const remove = view.nodes
      .filter(({ state, pods }) => state === 'ready' && pods === 0)
      .filter(({ emptySince }) => view.nowSeconds - emptySince >= options.validationSeconds)
      .slice(0, budget);
    return { untaint: [], taint: [], remove, order, wanted: view.nodes.length + order - remove.length };
  };
  return { name: 'karpenter', tickSeconds: options.tickSeconds, readyAtStart: 0, tick };
}

/** How often the replicas of a buffer are set: at each tick of the service. */
const SET_REPLICAS_SECONDS = 10;

/**
 * The same NodePool with a CapacityBuffer whose `spec.replicas` a rule sets: Karpenter keeps room for so many more Pods, and takes
 * an empty node only when that room is left without it.
 */
export function karpenterBufferPolicy(
  rule: BufferRule,
  { tickSeconds, validationSeconds, budgetShare }: KarpenterOptions = KARPENTER,
): Policy {
  const options = { tickSeconds, removeAfterSeconds: validationSeconds, removeShare: budgetShare };
  return { ...ownPoolPolicy(bufferReplicas(rule, SET_REPLICAS_SECONDS), options), name: 'karpenter-buffer' };
}

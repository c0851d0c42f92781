import { newNodesFor } from '../../capacity/packing.ts';
import type { Decision, PolicyView, ScalingPolicy } from '../policy.ts';

/** Cluster Autoscaler's own settings and defaults (scheduling-and-scaling §1.1). */
export interface ClusterAutoscalerOptions {
  readonly scanSeconds: number;
  readonly unneededSeconds: number;
  readonly delayAfterAddSeconds: number;
  readonly maxRemovals: number;
  readonly maxTaints: number;
}

/** Defaults of its flags. */
export const CLUSTER_AUTOSCALER: ClusterAutoscalerOptions = {
  scanSeconds: 10,
  unneededSeconds: 600,
  delayAfterAddSeconds: 600,
  maxRemovals: 10,
  maxTaints: 10,
};

/**
 * A pool under Cluster Autoscaler: grows for waiting Pods, by first-fit decreasing over booting and new nodes; removes only empty
 * nodes, because build Pods block every drain. Sets soft taints on unneeded nodes, some in each loop, also during the cool-down.
 *
 * @see scheduling-and-scaling §5.1
 */
export function clusterAutoscalerPolicy(
  options: ClusterAutoscalerOptions = CLUSTER_AUTOSCALER,
): ScalingPolicy {
  let lastAddAt = -Infinity;
  const tick = (view: PolicyView): Decision => {
    const booting = view.nodes.filter(({ state }) => state === 'booting').length;
    const order = view.waitingTotal > 0 ? newNodesFor(view.waiting, booting, view.nodeSpec) : 0;
    if (order > 0) lastAddAt = view.nowSeconds;
    const empty = view.nodes.filter(({ state, pods }) => state === 'ready' && pods === 0);
    const coolingDown = view.nowSeconds < lastAddAt + options.delayAfterAddSeconds;
    const unneeded = empty.filter(
      ({ emptySince }) => view.nowSeconds - emptySince >= options.unneededSeconds,
    );
    const remove = coolingDown ? [] : unneeded.slice(0, options.maxRemovals);
    return {
      untaint: view.nodes.filter(({ softTainted, pods }) => softTainted && pods > 0),
      taint: empty.filter(({ softTainted }) => !softTainted).slice(0, options.maxTaints),
      remove,
      order,
      wanted: view.nodes.length + order - remove.length,
    };
  };
  return { name: 'cluster-autoscaler', tickSeconds: options.scanSeconds, readyAtStart: 0, tick };
}

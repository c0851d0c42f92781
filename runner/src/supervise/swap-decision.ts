import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { containerName, NO_PLACEHOLDER } from '../pipeline/compiled.ts';
import { isSwapped } from '../watch/container-view.ts';

/**
 * What to do when a swapped step is due. `done`: its image is in place. `wait`: its placeholder is about to start, and the two runs
 * could not be distinguished if the image changed now (known issue 6). `lost`: the placeholder has ended, and no container is started
 * in its place. `swap`: with the placeholder's id to keep; it holds for this version of the Pod only.
 */
export type SwapDecision =
  | { readonly kind: 'done' | 'wait' }
  | { readonly kind: 'lost'; readonly code: number }
  | { readonly kind: 'swap'; readonly placeholder: string };

/** Decides by the Pod as it is now. Pure. */
export function decideSwap(pod: V1Pod, n: number): SwapDecision {
  if (isSwapped(pod, n)) return { kind: 'done' };
  if (!pod.spec?.nodeName) return { kind: 'swap', placeholder: NO_PLACEHOLDER };
  const status = pod.status?.containerStatuses?.find((one) => one.name === containerName(n));
  return status ? byStatus(status) : { kind: 'wait' };
}

function byStatus({ state, containerID }: V1ContainerStatus): SwapDecision {
  if (state?.terminated) return { kind: 'lost', code: state.terminated.exitCode };
  if (!state?.running || !containerID) return { kind: 'wait' };
  return { kind: 'swap', placeholder: containerID };
}

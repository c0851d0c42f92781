import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { containerName, NO_PLACEHOLDER } from '../pipeline/compiled.ts';
import { isSwapped } from '../watch/container-view.ts';

/**
 * What a swapped step's turn asks for. `done`: its image is in place. `wait`: its placeholder is about to start, and whose run is
 * whose could not be told if the image came in between (known issue 6). `lost`: the placeholder has ended, and nothing is started in
 * its stead. `swap`: with what is kept of the placeholder, and the version of the Pod for which that is true, where it matters.
 */
export type SwapTurn =
  | { readonly kind: 'done' | 'wait' }
  | { readonly kind: 'lost'; readonly code: number }
  | {
      readonly kind: 'swap';
      readonly placeholder: string;
      readonly resourceVersion: string | undefined;
    };

/** Decides by the Pod as it is now. Pure. */
export function swapTurn(pod: V1Pod, n: number): SwapTurn {
  if (isSwapped(pod, n)) return { kind: 'done' };
  if (!pod.spec?.nodeName)
    return {
      kind: 'swap',
      placeholder: NO_PLACEHOLDER,
      resourceVersion: pod.metadata?.resourceVersion,
    };
  const status = pod.status?.containerStatuses?.find((one) => one.name === containerName(n));
  return status ? byStatus(status) : { kind: 'wait' };
}

function byStatus({ state, containerID }: V1ContainerStatus): SwapTurn {
  if (state?.terminated) return { kind: 'lost', code: state.terminated.exitCode };
  if (!state?.running || !containerID) return { kind: 'wait' };
  return { kind: 'swap', placeholder: containerID, resourceVersion: undefined };
}

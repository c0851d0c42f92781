import type { Resources } from '../capacity/shape.ts';
import type { CapacitySnapshot } from '../store/snapshot.ts';
import type { ClusterWatch } from './cluster-watch.ts';
import { poolsOf } from './pools.ts';

/**
 * What a snapshot takes from the watches.
 *
 * @param watch undefined: no cluster is watched
 * @param daemonSets what they take of a node where they can't be watched
 */
export function clusterViewOf(
  watch: ClusterWatch | undefined,
  daemonSets: Resources,
): Pick<CapacitySnapshot, 'pods' | 'pools' | 'watches'> {
  if (watch === undefined) return { pods: undefined, pools: [], watches: {} };
  const pods = watch.state('pods').staleMs === undefined ? undefined : watch.pods;
  const daemons = watch.daemonSets;
  const overhead = daemons === undefined ? { assumed: daemonSets } : { watched: daemons };
  return {
    pods,
    pools: poolsOf(watch.nodes, pods ?? [], overhead),
    watches: {
      pods: watch.state('pods'),
      nodes: watch.state('nodes'),
      daemonSets: watch.state('daemonSets'),
      endpointSlices: watch.state('endpointSlices'),
    },
  };
}

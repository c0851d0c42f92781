import type { Resources } from '../capacity/shape.ts';
import type { CapacitySnapshot } from '../store/snapshot.ts';
import type { ClusterWatch } from './cluster-watch.ts';
import { crowdOf } from './pod-crowd.ts';
import { poolsOf } from './pools.ts';

/**
 * What a snapshot takes from the watches.
 *
 * @param watch undefined: no cluster is watched
 * @param known `daemonSets`: what they take of a node where they can't be watched; `told`: names of Pods that runners tell of
 */
export function clusterViewOf(
  watch: ClusterWatch | undefined,
  { daemonSets, told }: { readonly daemonSets: Resources; readonly told: ReadonlySet<string> },
): Pick<CapacitySnapshot, 'pods' | 'pools' | 'watches'> {
  if (watch === undefined) return { pods: undefined, pools: [], watches: {} };
  const { pods } = watch;
  const isHeard = watch.state('pods').staleMs !== undefined;
  const daemons = watch.daemonSets;
  const overhead = daemons === undefined ? { assumed: daemonSets } : { watched: daemons };
  return {
    pods: isHeard ? crowdOf(pods, told) : undefined,
    pools: poolsOf(watch.nodes, pods, overhead),
    watches: {
      pods: watch.state('pods'),
      nodes: watch.state('nodes'),
      daemonSets: watch.state('daemonSets'),
      endpointSlices: watch.state('endpointSlices'),
    },
  };
}

import { podCountsOf } from '../capacity/pod-counts.ts';
import { poolsOf } from '../capacity/pools.ts';
import type { Resources } from '../capacity/shape.ts';
import type { ClusterWatch } from '../watch/cluster-watch.ts';
import type { CapacitySnapshot } from './snapshot.ts';

/**
 * The part of a snapshot that comes from the watches.
 *
 * @param watch undefined: no cluster is watched
 * @param known `daemonSets`: their requests per node where they can't be watched; `reported`: names of Pods that runners report
 */
export function clusterViewOf(
  watch: ClusterWatch | undefined,
  { daemonSets, reported }: { readonly daemonSets: Resources; readonly reported: ReadonlySet<string> },
): Pick<CapacitySnapshot, 'pods' | 'pools' | 'watches'> {
  if (watch === undefined) return { pods: undefined, pools: [], watches: {} };
  const { pods } = watch;
  const isHeard = watch.state('pods').staleMs !== undefined;
  const daemons = watch.daemonSets;
  const overhead = daemons === undefined ? { assumed: daemonSets } : { watched: daemons };
  return {
    pods: isHeard ? podCountsOf(pods, reported) : undefined,
    pools: poolsOf(watch.nodes, pods, overhead),
    watches: {
      pods: watch.state('pods'),
      nodes: watch.state('nodes'),
      daemonSets: watch.state('daemonSets'),
      endpointSlices: watch.state('endpointSlices'),
    },
  };
}

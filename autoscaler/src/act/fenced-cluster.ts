import type { Cluster } from '@hangar/shared/kubernetes/cluster';

/**
 * The cluster as whoever acts has it: reads pass, and a write passes only if nothing speaks against it at the moment when it is sent.
 * A signal is heard when the event loop comes to it; a process that slept in the middle of an act would write before that.
 *
 * @param whyNot asked at each write: the reason against it; undefined: it may be done
 */
export function fencedCluster(cluster: Cluster, whyNot: () => string | undefined): Cluster {
  const unlessRefused = async <T>(write: () => Promise<T>): Promise<T> => {
    const why = whyNot();
    if (why !== undefined) throw new Error(`nothing is written: ${why}`);
    return write();
  };
  return {
    get: cluster.get.bind(cluster),
    list: cluster.list.bind(cluster),
    pages: cluster.pages.bind(cluster),
    watch: cluster.watch.bind(cluster),
    log: cluster.log.bind(cluster),
    create: (...write) => unlessRefused(() => cluster.create(...write)),
    replace: (...write) => unlessRefused(() => cluster.replace(...write)),
    patch: (...write) => unlessRefused(() => cluster.patch(...write)),
    remove: (...write) => unlessRefused(() => cluster.remove(...write)),
  };
}

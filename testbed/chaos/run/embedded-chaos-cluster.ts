import { LABEL } from '@hangar/runner/compiled';
import type { KubeObject } from '../../parts/embedded/api/objects.ts';
import { PODS } from '../../parts/embedded/api/resources.ts';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { startEmbedded } from '../../suites/flows/start-embedded.ts';
import type { BuildPod, ChaosCluster, ChaosNodes } from './chaos-cluster.ts';

const NODES = ['node-1', 'node-2', 'node-3'].map((name) => ({ name, cpu: '16', memory: '32Gi', pods: 250 }));
const NAMESPACE = 'hangar';
/** The key of Leases in the store. */
const LEASES = 'leases.coordination.k8s.io';

/** Starts an embedded cluster with three nodes. */
export async function openEmbeddedCluster(): Promise<ChaosCluster> {
  const { cluster, access } = await startEmbedded({ nodes: NODES });
  const { store } = cluster.api;
  const named = (kind: string, of: string, namespace?: string): readonly string[] =>
    store.list(of, namespace).map(({ metadata }) => `${kind} ${metadata.name}`);
  const freshNamespaces = (): readonly string[] =>
    store
      .list('namespaces')
      .filter(({ metadata }) => metadata.labels?.[LABEL.managedBy] === LABEL.managedByValue)
      .map(({ metadata }) => `Namespace ${metadata.name}`);
  return {
    namespace: NAMESPACE,
    upstream: { url: cluster.url },
    env: access.env,
    sharesFiles: true,
    nodes: nodesOf(cluster),
    kubeconfigFor: (address) => cluster.kubeconfig().replace(cluster.url, address),
    pods: () => store.list('pods', NAMESPACE).map(podOf),
    watchPods: (listener) => {
      store.subscribe(({ resource, type, object: { metadata } }) => {
        const { name, uid = '', annotations = {}, deletionTimestamp } = metadata;
        const isBeingDeleted = deletionTimestamp !== undefined;
        if (resource === 'pods')
          listener({ isGone: type === 'DELETED', isBeingDeleted, name, uid, annotations });
      });
    },
    destroyPod: (pod, by) => {
      const { namespace, name } = pod;
      if (by === 'eviction') cluster.evict(pod);
      else if (by === 'removal') cluster.removePod(pod);
      else cluster.api.delete({ resource: PODS, namespace, name });
      return Promise.resolve();
    },
    expireHistory: () => cluster.faults.expireHistory(),
    objects: () =>
      Promise.resolve([
        ...named('Pod', 'pods', NAMESPACE),
        ...named('Secret', 'secrets', NAMESPACE),
        ...freshNamespaces(),
      ]),
    leases: () => Promise.resolve(store.list(LEASES, NAMESPACE).map(({ metadata }) => metadata.name)),
    close: () => cluster.close(),
  };
}

function nodesOf(cluster: EmbeddedCluster): ChaosNodes {
  return {
    setReady: (node, isReady) => cluster.setNodeReady(node, isReady),
    lose: (node) => cluster.loseNode(node),
    replace: (node) => {
      const machine = NODES.find(({ name }) => name === node);
      if (!machine) return;
      cluster.addNode(machine);
      cluster.setNodeReady(node, true);
    },
  };
}

function podOf(object: KubeObject): BuildPod {
  const { namespace = '', name, labels = {} } = object.metadata;
  const { nodeName = '' } = Object(object['spec']) as { nodeName?: string };
  return { namespace, name, node: nodeName, buildId: Number(labels[LABEL.buildId]) };
}

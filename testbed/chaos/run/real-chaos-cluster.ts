import { LABEL } from '@hangar/runner/compiled';
import type { Clock } from '@hangar/shared/clock';
import { RUNNER_SELECTOR } from '@hangar/shared/contract/object-keys';
import { RESOURCE, type Resource } from '@hangar/shared/kubernetes/cluster';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { ListWatch, whole } from '@hangar/shared/kubernetes/list-watch';
import type { KubernetesObject, V1Pod, V1Secret } from '@kubernetes/client-node';
import { KubeConfig } from '@kubernetes/client-node';
import { ownNamespaceAccess } from '../../suites/real-flows/real-cluster-access.ts';
import type { BuildPod, ChaosCluster, PodChange } from './chaos-cluster.ts';

/** A namespace of the real cluster, where the runner has exactly the rights of docs/role.yaml. */
export async function openRealCluster(clock: Clock): Promise<ChaosCluster> {
  const { ground } = await ownNamespaceAccess('chaos');
  const { namespace } = ground;
  const { url, authority } = serverOf(ground.kubeconfig);
  const connection = await connectByText(ground.adminKubeconfig);
  const admin = new HttpCluster(clock, connection);
  const stop = new AbortController();
  const { signal } = stop;
  const listeners: ((change: PodChange) => void)[] = [];
  const pods = new ListWatch<V1Pod>(clock, admin, {
    target: { resource: RESOURCE.pods, namespace },
    selection: { labelSelector: RUNNER_SELECTOR },
    read: whole,
    onChange: ({ kind, object: { metadata = {} } }) => {
      const { name = '', uid = '', annotations = {}, deletionTimestamp } = metadata;
      const isBeingDeleted = deletionTimestamp !== undefined;
      for (const listener of listeners)
        listener({ isGone: kind === 'gone', isBeingDeleted, name, uid, annotations });
    },
  });
  await pods.sync(signal);
  const watching = pods.run(signal);
  const all = async <T extends KubernetesObject>(resource: Resource): Promise<readonly T[]> =>
    (await admin.list<T>({ resource, namespace }, {}, signal)).items;
  const nameOf = ({ metadata }: KubernetesObject): string => metadata?.name ?? '';
  return {
    namespace,
    upstream: { url, authority },
    env: ground.env,
    sharesFiles: false,
    nodes: undefined,
    kubeconfigFor: (address) => plainKubeconfig(ground.kubeconfig, address),
    pods: () => pods.objects.map(podOf),
    watchPods: (listener) => listeners.push(listener),
    destroyPod: async ({ name }, by) => {
      if (by === 'eviction') throw new Error('no Pod of the real cluster is evicted');
      const target = { resource: RESOURCE.pods, namespace, name };
      await admin.remove(target, by === 'removal' ? { gracePeriodSeconds: 0 } : {}, signal);
    },
    expireHistory: () => undefined,
    objects: async () => {
      const secrets = await all<V1Secret>(RESOURCE.secrets);
      return [
        ...(await all(RESOURCE.pods)).map((one) => `Pod ${nameOf(one)}`),
        ...secrets
          .filter(({ type }) => type !== 'kubernetes.io/service-account-token')
          .map((one) => `Secret ${nameOf(one)}`),
      ];
    },
    leases: async () => (await all(RESOURCE.leases)).map(nameOf),
    close: async () => {
      stop.abort();
      await watching;
      await connection.close();
      await ground.remove();
    },
  };
}

function serverOf(kubeconfig: string): { readonly url: string; readonly authority: string } {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const { server = '', caData = '' } = config.getCurrentCluster() ?? {};
  return { url: server, authority: Buffer.from(caData, 'base64').toString() };
}

/** The same user at the plain HTTP address of a proxy. */
function plainKubeconfig(kubeconfig: string, server: string): string {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  config.clusters = config.clusters.map(({ name }) => ({ name, server, skipTLSVerify: true }));
  return config.exportConfig();
}

function podOf({ metadata, spec }: V1Pod): BuildPod {
  const { namespace = '', name = '', labels = {} } = metadata ?? {};
  return { namespace, name, node: spec?.nodeName ?? '', buildId: Number(labels[LABEL.buildId]) };
}

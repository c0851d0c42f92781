import {
  type EmbeddedCluster,
  type EmbeddedOptions,
  startEmbeddedCluster,
} from '../../parts/embedded/cluster.ts';
import type { TestClusterAccess } from './test-system.ts';

/** Starts an embedded cluster for flows. */
export async function startEmbedded(
  options: EmbeddedOptions = {},
): Promise<{ cluster: EmbeddedCluster; access: TestClusterAccess }> {
  const cluster = await startEmbeddedCluster({ namespaces: ['hangar'], ...options });
  const kubeconfig = cluster.kubeconfig();
  const env = { HANGAR_GATE_IMAGE: 'hangar-gate:embedded', DRONE_IMAGE_CLONE: 'drone/git:latest' };
  return { cluster, access: { kubeconfig, adminKubeconfig: kubeconfig, namespace: 'hangar', env } };
}

import { stringify } from 'yaml';
import {
  type EmbeddedCluster,
  type EmbeddedOptions,
  startEmbeddedCluster,
} from '../../parts/embedded/cluster.ts';
import type { Ground } from './flow-setup.ts';

/** The embedded cluster as ground for flows. */
export async function embeddedGround(
  options: EmbeddedOptions = {},
): Promise<{ cluster: EmbeddedCluster; ground: Ground }> {
  const cluster = await startEmbeddedCluster({ namespaces: ['hangar'], ...options });
  const given: unknown = cluster.kubeconfig();
  const kubeconfig = typeof given === 'string' ? given : stringify(given);
  const env = { HANGAR_GATE_IMAGE: 'hangar-gate:embedded', DRONE_IMAGE_CLONE: 'drone/git:latest' };
  return { cluster, ground: { kubeconfig, adminKubeconfig: kubeconfig, namespace: 'hangar', env } };
}

import { readFileSync } from 'node:fs';
import type { ClusterAccess } from '../flows/test-system.ts';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';

/** The real cluster as ground for flows: the runner has exactly the rights of docs/role.yaml. */
export async function realGround(): Promise<{ cluster: RealCluster; ground: ClusterAccess }> {
  const cluster = await connectRealCluster();
  const { gateImage, runnerKubeconfig, adminKubeconfig, namespace } = cluster;
  if (!gateImage) throw new Error('the gate does not compile: see "npm run testbed -- gate"');
  if (!runnerKubeconfig) throw new Error('docs/role.yaml is missing or refused: see "npm run testbed -- up"');
  const env = {
    HANGAR_GATE_IMAGE: gateImage,
    DRONE_IMAGE_CLONE: cluster.images.clone,
    HANGAR_REGISTRY_MIRRORS: `docker.io:${cluster.registry}`,
  };
  return {
    cluster,
    ground: {
      kubeconfig: readFileSync(runnerKubeconfig, 'utf8'),
      adminKubeconfig: readFileSync(adminKubeconfig, 'utf8'),
      namespace,
      env,
    },
  };
}

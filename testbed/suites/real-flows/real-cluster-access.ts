import { readFileSync } from 'node:fs';
import type { Rule } from '@hangar/shared/kubernetes/rights';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';
import { runnerAccountIn } from '../../parts/real/runner-account.ts';
import type { TestClusterAccess } from '../flows/test-system.ts';
import { OwnNamespace } from './own-namespace.ts';

/** The real cluster for flows: the runner has exactly the rights of docs/role.yaml, in the namespace that all share. */
export async function realClusterAccess(): Promise<{ cluster: RealCluster; ground: TestClusterAccess }> {
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

/** Access to a namespace that is deleted afterwards, with all that is in it. */
export interface OwnedNamespaceAccess extends TestClusterAccess {
  readonly remove: () => Promise<void>;
}

/**
 * As {@link realClusterAccess}, in a new namespace whose name begins with `word`: it has no other Pods, and `remove` leaves nothing
 * behind.
 *
 * @param rules the rights of the runner in it, in place of those of docs/role.yaml
 */
export async function ownNamespaceAccess(
  word: string,
  rules?: readonly Rule[],
): Promise<{ cluster: RealCluster; ground: OwnedNamespaceAccess }> {
  const { cluster, ground } = await realClusterAccess();
  const space = await OwnNamespace.make(ground.adminKubeconfig, word);
  const kubeconfig = await runnerAccountIn(cluster.layout, space.name, rules);
  return {
    cluster,
    ground: { ...ground, kubeconfig, namespace: space.name, remove: () => space.remove() },
  };
}

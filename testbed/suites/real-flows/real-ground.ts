import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ClusterAccess } from '../flows/test-system.ts';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';
import { adminApi, expectStatus } from '../../parts/real/kubernetes.ts';
import { until } from '../../parts/until.ts';
import { runnerAccountIn } from '../../parts/real/runner-account.ts';

/** The real cluster for flows: the runner has exactly the rights of docs/role.yaml, in the namespace that all share. */
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

/** ClusterAccess that is given back: its namespace goes, with all that is in it. */
export interface OwnGround extends ClusterAccess {
  remove(): Promise<void>;
}

/**
 * As {@link realGround}, in a new namespace whose name begins with `word`: nobody else's Pods are in it, and `remove` leaves nothing
 * behind.
 */
export async function ownGround(word: string): Promise<{ cluster: RealCluster; ground: OwnGround }> {
  const { cluster, ground } = await realGround();
  const api = await adminApi(cluster.layout);
  const namespace = `${word}-${randomBytes(3).toString('hex')}`;
  const path = `/api/v1/namespaces/${namespace}`;
  const made = await api('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  expectStatus(made, [201], 'making the namespace');
  await until('the default account of the namespace', 60_000, async () => {
    return (await api('GET', `${path}/serviceaccounts/default`)).status === 200;
  });
  const kubeconfig = await runnerAccountIn(cluster.layout, namespace);
  const remove = async (): Promise<void> => {
    // Not with the patience that their own steps ask for.
    await api('DELETE', `${path}/pods`, { gracePeriodSeconds: 0 });
    expectStatus(await api('DELETE', path), [200, 202], 'removing the namespace');
  };
  return { cluster, ground: { ...ground, kubeconfig, namespace, remove } };
}

import {
  type EmbeddedCluster,
  type EmbeddedOptions,
  startEmbeddedCluster,
} from '../../parts/embedded/cluster.ts';
import type { Role } from './role.ts';
import type { TestClusterAccess } from './test-system.ts';

export { ROLES, type Role } from './role.ts';

/** What the previous runner's Role lacks, of all that the runner may ask for. The tests, which have the same user here, need none of it. */
export const PREVIOUS_LACKS = [
  { resource: 'pods', verb: 'patch' },
  { resource: 'secrets', verb: 'get' },
  { resource: 'events' },
  { resource: 'leases' },
  { resource: 'namespaces' },
];

/** Takes from an embedded cluster what a Role lacks. */
export function applyRole({ permissions }: Pick<EmbeddedCluster, 'permissions'>, role: Role): void {
  if (role === 'previous') for (const denial of PREVIOUS_LACKS) permissions.deny(denial);
}

/** Starts an embedded cluster for flows. */
export async function startEmbedded(
  options: EmbeddedOptions = {},
): Promise<{ cluster: EmbeddedCluster; access: TestClusterAccess }> {
  const cluster = await startEmbeddedCluster({ namespaces: ['hangar'], ...options });
  const kubeconfig = cluster.kubeconfig();
  const env = { HANGAR_GATE_IMAGE: 'hangar-gate:embedded', DRONE_IMAGE_CLONE: 'drone/git:latest' };
  return { cluster, access: { kubeconfig, adminKubeconfig: kubeconfig, namespace: 'hangar', env } };
}

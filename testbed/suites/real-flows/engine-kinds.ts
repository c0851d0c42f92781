import { runOrThrow } from '../../parts/real/command.ts';
import { karpenter, type RealCluster } from '../../parts/real/facts.ts';

const namesIn = (text: string): readonly string[] => text.split('\n').filter(Boolean);

/**
 * Installs the kinds that engines bring (NodePool, NodeClaim, CapacityBuffer and their like), without the engines.
 *
 * @returns removes those that were not there before, with all their objects
 */
export async function installEngineKinds(real: RealCluster): Promise<() => Promise<void>> {
  const { crdFolders } = await karpenter(real.layout);
  const kubectl = (...args: readonly string[]): Promise<string> =>
    runOrThrow(real.kubectl, ['--kubeconfig', real.adminKubeconfig, ...args]);
  const before = new Set(namesIn(await kubectl('get', 'crd', '-o', 'name')));
  const files = crdFolders.flatMap((folder) => ['-f', folder]);
  const applied = await kubectl('apply', '--server-side', '--force-conflicts', '-o', 'name', ...files);
  const ours = namesIn(applied).filter((name) => !before.has(name));
  return async () => {
    // The API server retries the removal of their objects at growing intervals.
    if (ours.length > 0) await kubectl('delete', '--ignore-not-found', '--timeout=180s', ...ours);
  };
}

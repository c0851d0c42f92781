import { runOrThrow } from '../../parts/real/command.ts';
import { KEEPING, keepFailedSuite } from '../flows/keep-failed.suite.ts';
import { startTestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess, realClusterAccess } from '../real-flows/real-cluster-access.ts';

keepFailedSuite(
  'a real kubelet',
  async () => startTestSystem((await ownNamespaceAccess('keep-failed')).ground, { env: KEEPING }),
  {
    timeoutMs: 120_000,
    look: async ({ metadata }, container, command) => {
      const { cluster } = await realClusterAccess();
      const at = ['--kubeconfig', cluster.adminKubeconfig, '-n', metadata?.namespace ?? ''];
      const shell = ['--', '/hangar/bin/gate', 'shell', 'sh', '-c', command];
      const into = ['exec', metadata?.name ?? '', '-c', container, ...shell];
      return runOrThrow(cluster.kubectl, [...at, ...into]);
    },
  },
);

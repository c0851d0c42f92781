import { daemonSuite } from '../flows/daemon.suite.ts';
import { ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

daemonSuite(
  'a real kubelet',
  async () => {
    const { ground } = await ownNamespaceAccess('daemon');
    return { access: ground, close: () => ground.remove() };
  },
  120_000,
);

import { startEmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { contractSuite } from '../contract/contract.suite.ts';

contractSuite({
  name: 'the embedded cluster',
  timeoutMs: 25_000,
  forgetsVersion1: true,
  open: async () => {
    const cluster = await startEmbeddedCluster();
    return { kubeconfig: cluster.kubeconfig(), close: () => cluster.close() };
  },
});

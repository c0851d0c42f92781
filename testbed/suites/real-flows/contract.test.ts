import { readFileSync } from 'node:fs';
import { connectRealCluster } from '../../parts/real/facts.ts';
import { contractSuite } from '../contract/contract.suite.ts';

contractSuite({
  name: 'the real cluster',
  timeoutMs: 120_000,
  forgetsVersion1: false,
  open: async () => {
    const { adminKubeconfig } = await connectRealCluster();
    return { kubeconfig: readFileSync(adminKubeconfig, 'utf8'), close: () => Promise.resolve() };
  },
});

import { NO_REGISTRY, swapSuite } from '../flows/swap.suite.ts';
import { startTestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from './real-cluster-access.ts';

swapSuite(
  'a real kubelet',
  async () => startTestSystem((await ownNamespaceAccess('swap')).ground, { env: NO_REGISTRY }),
  120_000,
);

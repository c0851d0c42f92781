import { NO_REGISTRY, swapSuite } from '../flows/swap.suite.ts';
import { startTestSystem } from '../flows/test-system.ts';
import { ownGround } from './real-ground.ts';

swapSuite(
  'a real kubelet',
  async () => startTestSystem((await ownGround('swap')).ground, { env: NO_REGISTRY }),
  120_000,
);

import { NO_REGISTRY, swapSuite } from '../flows/swap.suite.ts';
import { startWorld } from '../flows/flow-setup.ts';
import { realGround } from './real-ground.ts';

swapSuite(
  'a real kubelet',
  async () => startWorld((await realGround()).ground, { env: NO_REGISTRY }),
  120_000,
);

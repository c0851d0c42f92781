import { daemonSuite } from '../flows/daemon.suite.ts';
import { realGround } from './real-ground.ts';

daemonSuite(
  'a real kubelet',
  async () => ({ access: (await realGround()).ground, close: () => Promise.resolve() }),
  120_000,
);

import { daemonSuite } from '../flows/daemon.suite.ts';
import { ownGround } from './real-ground.ts';

daemonSuite(
  'a real kubelet',
  async () => {
    const { ground } = await ownGround('daemon');
    return { access: ground, close: () => ground.remove() };
  },
  120_000,
);

import { daemonSuite } from './daemon.suite.ts';
import { embeddedGround } from './embedded-ground.ts';

daemonSuite(
  'the embedded cluster',
  async () => {
    const { cluster, ground } = await embeddedGround();
    return { ground, close: () => cluster.close() };
  },
  60_000,
);

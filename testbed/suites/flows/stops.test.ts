import { embeddedGround } from './embedded-ground.ts';
import { stopsSuite } from './stops.suite.ts';
import { startWorld } from './flow-setup.ts';

stopsSuite(
  'the embedded cluster',
  async () => {
    const { cluster, ground } = await embeddedGround();
    const setup = await startWorld(ground);
    const close = async (): Promise<void> => {
      await setup.close();
      await cluster.close();
    };
    return { ...setup, close };
  },
  60_000,
);

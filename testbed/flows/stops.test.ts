import { embeddedGround } from './embedded-ground.ts';
import { stopsSuite } from './stops.suite.ts';
import { startWorld } from './world.ts';

stopsSuite(
  'the embedded cluster',
  async () => {
    const { cluster, ground } = await embeddedGround();
    const world = await startWorld(ground);
    const close = async (): Promise<void> => {
      await world.close();
      await cluster.close();
    };
    return { ...world, close };
  },
  60_000,
);

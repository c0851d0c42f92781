import { embeddedGround } from './embedded-ground.ts';
import { quotaSuite } from './quota.suite.ts';
import { startWorld } from './world.ts';

quotaSuite(
  'the embedded cluster',
  async () => {
    const { cluster, ground } = await embeddedGround();
    const world = await startWorld(ground, { env: { HANGAR_LEASE_TERM_MS: '3000' } });
    const close = async (): Promise<void> => {
      await world.close();
      await cluster.close();
    };
    return { ...world, close };
  },
  60_000,
);

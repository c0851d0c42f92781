import { embeddedGround } from './embedded-ground.ts';
import { quotaSuite } from './quota.suite.ts';
import { startWorld } from './flow-setup.ts';

quotaSuite(
  'the embedded cluster',
  async () => {
    const { cluster, ground } = await embeddedGround();
    const setup = await startWorld(ground, { env: { HANGAR_LEASE_TERM: '3s' } });
    const close = async (): Promise<void> => {
      await setup.close();
      await cluster.close();
    };
    return { ...setup, close };
  },
  60_000,
);

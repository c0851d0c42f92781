import { embeddedGround } from './embedded-ground.ts';
import { BUSYBOX } from './pipelines.ts';
import { NO_REGISTRY, swapSuite } from './swap.suite.ts';
import { startWorld } from './flow-setup.ts';

swapSuite(
  'the embedded cluster',
  async () => {
    const { cluster, ground } = await embeddedGround({ images: { [BUSYBOX]: { script: 'exec "$@"' } } });
    const setup = await startWorld(ground, { env: NO_REGISTRY });
    const close = async (): Promise<void> => {
      await setup.close();
      await cluster.close();
    };
    return { ...setup, close };
  },
  60_000,
);

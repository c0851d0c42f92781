import { embeddedGround } from './embedded-ground.ts';
import { BUSYBOX } from './pipelines.ts';
import { NO_REGISTRY, swapSuite } from './swap.suite.ts';
import { startWorld } from './world.ts';

swapSuite(
  'the embedded cluster',
  async () => {
    const { cluster, ground } = await embeddedGround({ images: { [BUSYBOX]: { script: 'exec "$@"' } } });
    const world = await startWorld(ground, { env: NO_REGISTRY });
    const close = async (): Promise<void> => {
      await world.close();
      await cluster.close();
    };
    return { ...world, close };
  },
  60_000,
);

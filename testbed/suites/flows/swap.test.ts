import { BUSYBOX } from './pipelines.ts';
import { startEmbedded } from './start-embedded.ts';
import { NO_REGISTRY, swapSuite } from './swap.suite.ts';
import { startTestSystem } from './test-system.ts';

swapSuite(
  'the embedded cluster',
  async () => {
    const { cluster, access } = await startEmbedded({ images: { [BUSYBOX]: { script: 'exec "$@"' } } });
    const system = await startTestSystem(access, { env: NO_REGISTRY });
    const close = async (): Promise<void> => {
      await system.close();
      await cluster.close();
    };
    return { ...system, close };
  },
  60_000,
);

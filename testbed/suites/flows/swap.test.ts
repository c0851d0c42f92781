import { BUSYBOX } from './pipelines.ts';
import { startEmbedded } from './start-embedded.ts';
import { NO_REGISTRY, swapSuite } from './swap.suite.ts';
import { GATE_VOLUMES, startTestSystem } from './test-system.ts';

for (const gate of GATE_VOLUMES)
  swapSuite(
    `the embedded cluster, gate by ${gate}`,
    async () => {
      const { cluster, access } = await startEmbedded({ images: { [BUSYBOX]: { script: 'exec "$@"' } } });
      const system = await startTestSystem(access, { env: { ...NO_REGISTRY, HANGAR_GATE_VOLUME: gate } });
      const close = async (): Promise<void> => {
        await system.close();
        await cluster.close();
      };
      return { ...system, close };
    },
    60_000,
  );

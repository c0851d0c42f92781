import { BUSYBOX } from './pipelines.ts';
import { applyRole, startEmbedded } from './start-embedded.ts';
import { NO_REGISTRY, swapSuite } from './swap.suite.ts';
import { GATE_VOLUMES, startTestSystem } from './test-system.ts';

const GROUNDS = [...GATE_VOLUMES.map((gate) => [gate, 'hangar'] as const), ['init', 'previous'] as const];

for (const [gate, role] of GROUNDS)
  swapSuite(
    `the embedded cluster, gate by ${gate}, Role: ${role}`,
    async () => {
      const { cluster, access } = await startEmbedded({ images: { [BUSYBOX]: { script: 'exec "$@"' } } });
      applyRole(cluster, role);
      const system = await startTestSystem(access, {
        role,
        env: { ...NO_REGISTRY, HANGAR_GATE_VOLUME: gate },
      });
      const close = async (): Promise<void> => {
        await system.close();
        await cluster.close();
      };
      return { ...system, close };
    },
    60_000,
  );

import { podFieldsSuite } from './pod-fields.suite.ts';
import { startEmbedded } from './start-embedded.ts';
import { GATE_VOLUMES, startTestSystem } from './test-system.ts';

for (const gate of GATE_VOLUMES)
  podFieldsSuite(
    `the embedded cluster, gate by ${gate}`,
    async () => {
      const { cluster, access } = await startEmbedded();
      const system = await startTestSystem(access, { env: { HANGAR_GATE_VOLUME: gate } });
      const close = async (): Promise<void> => {
        await system.close();
        await cluster.close();
      };
      return { ...system, close };
    },
    60_000,
  );

import { startEmbedded } from './start-embedded.ts';
import { stopsSuite } from './stops.suite.ts';
import { startTestSystem } from './test-system.ts';

stopsSuite(
  'the embedded cluster',
  async () => {
    const { cluster, access } = await startEmbedded();
    const system = await startTestSystem(access);
    const close = async (): Promise<void> => {
      await system.close();
      await cluster.close();
    };
    return { ...system, close };
  },
  60_000,
);

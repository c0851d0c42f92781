import { KEEPING, keepFailedSuite } from './keep-failed.suite.ts';
import { startEmbedded } from './start-embedded.ts';
import { startTestSystem } from './test-system.ts';

keepFailedSuite(
  'the embedded cluster',
  async () => {
    const { cluster, access } = await startEmbedded();
    const system = await startTestSystem(access, { env: KEEPING });
    const close = async (): Promise<void> => {
      await system.close();
      await cluster.close();
    };
    return { ...system, close };
  },
  { timeoutMs: 60_000 },
);

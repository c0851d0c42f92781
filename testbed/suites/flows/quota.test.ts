import { quotaSuite } from './quota.suite.ts';
import { startEmbedded } from './start-embedded.ts';
import { startTestSystem } from './test-system.ts';

quotaSuite(
  'the embedded cluster',
  async () => {
    const { cluster, access } = await startEmbedded();
    const system = await startTestSystem(access, { env: { HANGAR_LEASE_TERM: '3s' } });
    const close = async (): Promise<void> => {
      await system.close();
      await cluster.close();
    };
    return { ...system, close };
  },
  60_000,
);

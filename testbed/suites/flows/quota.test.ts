import { quotaSuite } from './quota.suite.ts';
import { applyRole, ROLES, startEmbedded } from './start-embedded.ts';
import { startTestSystem } from './test-system.ts';

for (const role of ROLES)
  quotaSuite(
    `the embedded cluster, Role: ${role}`,
    async () => {
      const { cluster, access } = await startEmbedded();
      applyRole(cluster, role);
      const system = await startTestSystem(access, { role, env: { HANGAR_LEASE_TERM: '3s' } });
      const close = async (): Promise<void> => {
        await system.close();
        await cluster.close();
      };
      return { ...system, close };
    },
    { role, timeoutMs: 60_000 },
  );

import { daemonSuite } from './daemon.suite.ts';
import { applyRole, ROLES, startEmbedded } from './start-embedded.ts';

for (const role of ROLES)
  daemonSuite(
    `the embedded cluster, Role: ${role}`,
    async () => {
      const { cluster, access } = await startEmbedded();
      applyRole(cluster, role);
      return { access, close: () => cluster.close() };
    },
    60_000,
    role,
  );

import { previousRoleSuite } from './previous-role.suite.ts';
import { applyRole, startEmbedded } from './start-embedded.ts';

previousRoleSuite(
  'the embedded cluster',
  async () => {
    const { cluster, access } = await startEmbedded();
    applyRole(cluster, 'previous');
    cluster.permissions.deny({ resource: 'secrets', verb: 'list' });
    return { access, close: () => cluster.close() };
  },
  60_000,
);

import { previousRoleSuite } from './previous-role.suite.ts';
import { startEmbedded } from './start-embedded.ts';

/** What the previous runner's Role lacks, of all that the runner may ask for. */
const LACKING = [
  { resource: 'pods', verb: 'patch' },
  { resource: 'secrets', verb: 'get' },
  { resource: 'secrets', verb: 'list' },
  { resource: 'events' },
  { resource: 'leases' },
  { resource: 'namespaces' },
];

previousRoleSuite(
  'the embedded cluster',
  async () => {
    const { cluster, access } = await startEmbedded();
    // The administrator has the same user: only what the runner does alone is denied.
    for (const denial of LACKING) cluster.permissions.deny(denial);
    return { access, close: () => cluster.close() };
  },
  60_000,
);

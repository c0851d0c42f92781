import { daemonSuite } from './daemon.suite.ts';
import { startEmbedded } from './start-embedded.ts';

daemonSuite(
  'the embedded cluster',
  async () => {
    const { cluster, access } = await startEmbedded();
    return { access, close: () => cluster.close() };
  },
  60_000,
);

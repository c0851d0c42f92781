import { runFieldsSuite } from './run-fields.suite.ts';
import { startEmbedded } from './start-embedded.ts';
import { startTestSystem } from './test-system.ts';

runFieldsSuite(
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
  {
    timeoutMs: 60_000,
    serve: [
      `exec node -e "require('http').createServer((_, answer) => answer.end('served')).listen(8123, '127.0.0.1')"`,
    ],
  },
);

import { outcomesSuite } from './outcomes.suite.ts';
import { startEmbedded } from './start-embedded.ts';
import { GATE_VOLUMES, startTestSystem } from './test-system.ts';

for (const gate of GATE_VOLUMES)
  outcomesSuite(
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
    {
      timeoutMs: 60_000,
      serve: [
        `exec node -e "require('http').createServer((_, answer) => answer.end('served')).listen(8123, '127.0.0.1')"`,
      ],
      ask: `node -e "fetch('http://web:8123/page').then((answer) => answer.text()).then(console.log)"`,
    },
  );

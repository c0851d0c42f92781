import { outcomesSuite } from './outcomes.suite.ts';
import { applyRole, startEmbedded } from './start-embedded.ts';
import { GATE_VOLUMES, startTestSystem } from './test-system.ts';

const GROUNDS = [...GATE_VOLUMES.map((gate) => [gate, 'hangar'] as const), ['init', 'previous'] as const];

for (const [gate, role] of GROUNDS)
  outcomesSuite(
    `the embedded cluster, gate by ${gate}, Role: ${role}`,
    async () => {
      const { cluster, access } = await startEmbedded();
      applyRole(cluster, role);
      const system = await startTestSystem(access, { role, env: { HANGAR_GATE_VOLUME: gate } });
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

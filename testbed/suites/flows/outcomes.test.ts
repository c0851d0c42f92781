import { embeddedGround } from './embedded-ground.ts';
import { outcomesSuite } from './outcomes.suite.ts';
import { startWorld } from './flow-setup.ts';

outcomesSuite(
  'the embedded cluster',
  async () => {
    const { cluster, ground } = await embeddedGround();
    const setup = await startWorld(ground);
    const close = async (): Promise<void> => {
      await setup.close();
      await cluster.close();
    };
    return { ...setup, close };
  },
  {
    patienceMs: 60_000,
    serve: [
      `exec node -e "require('http').createServer((_, answer) => answer.end('served')).listen(8123, '127.0.0.1')"`,
    ],
    ask: `node -e "fetch('http://web:8123/page').then((answer) => answer.text()).then(console.log)"`,
  },
);

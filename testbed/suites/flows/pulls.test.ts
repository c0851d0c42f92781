import { pullsSuite } from './pulls.suite.ts';
import { applyRole, ROLES, startEmbedded } from './start-embedded.ts';
import { startTestSystem } from './test-system.ts';

const IMAGES = ['docker.io/library/cold-1:1', 'docker.io/library/cold-2:1'];

for (const role of ROLES)
  pullsSuite(
    `the embedded cluster, Role: ${role}`,
    async () => {
      const fakeImages = Object.fromEntries(IMAGES.map((image) => [image, { pullMs: 1_500 }]));
      const { cluster, access } = await startEmbedded({ images: fakeImages });
      applyRole(cluster, role);
      const system = await startTestSystem(access, { role });
      const fresh = [...IMAGES];
      return {
        system,
        freshImage: () => Promise.resolve(fresh.pop() ?? ''),
        close: async () => {
          await system.close();
          await cluster.close();
        },
      };
    },
    { role, timeoutMs: 60_000 },
  );

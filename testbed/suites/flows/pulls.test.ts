import { pullsSuite } from './pulls.suite.ts';
import { startEmbedded } from './start-embedded.ts';
import { startTestSystem } from './test-system.ts';

const IMAGES = ['docker.io/library/cold-1:1', 'docker.io/library/cold-2:1'];

pullsSuite(
  'the embedded cluster',
  async () => {
    const fakeImages = Object.fromEntries(IMAGES.map((image) => [image, { pullMs: 1_500 }]));
    const { cluster, access } = await startEmbedded({ images: fakeImages });
    const system = await startTestSystem(access);
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
  60_000,
);

import { embeddedGround } from './embedded-ground.ts';
import { pullsSuite } from './pulls.suite.ts';
import { startWorld } from './flow-setup.ts';

const IMAGES = ['docker.io/library/cold-1:1', 'docker.io/library/cold-2:1'];

pullsSuite(
  'the embedded cluster',
  async () => {
    const fakeImages = Object.fromEntries(IMAGES.map((image) => [image, { pullMs: 1_500 }]));
    const { cluster, ground } = await embeddedGround({ images: fakeImages });
    const setup = await startWorld(ground);
    const fresh = [...IMAGES];
    return {
      setup,
      freshImage: () => Promise.resolve(fresh.pop() ?? ''),
      close: async () => {
        await setup.close();
        await cluster.close();
      },
    };
  },
  60_000,
);

import { type ColdGround, pullsSuite } from '../flows/pulls.suite.ts';
import { startWorld } from '../flows/flow-setup.ts';
import { startSlowRegistry } from '../../parts/images/slow-registry.ts';
import { removeImage } from '../../parts/real/ctr.ts';
import { pushSizedImage } from '../../parts/real/images.ts';
import { realGround } from './real-ground.ts';

const IMAGE_BYTES = 3_000_000;
const BYTES_PER_SECOND = 1_500_000;

async function coldGround(): Promise<ColdGround> {
  const { cluster, ground } = await realGround();
  const { layout, registry } = cluster;
  const slow = await startSlowRegistry({
    upstream: registry,
    bytesPerSecond: BYTES_PER_SECOND,
    latencyMs: 20,
  });
  const setup = await startWorld(ground);
  const images: string[] = [];
  return {
    setup,
    freshImage: async () => {
      const pushed = await pushSizedImage(layout, 'pulls/cold', IMAGE_BYTES);
      const image = pushed.replace(registry, slow.address);
      images.push(image);
      return image;
    },
    close: async () => {
      await setup.close();
      await slow.close();
      for (const image of images) await removeImage(layout, image).catch(() => undefined);
    },
  };
}

pullsSuite('a real kubelet', coldGround, 120_000);

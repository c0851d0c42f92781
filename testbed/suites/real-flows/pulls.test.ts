import { startSlowRegistry } from '../../parts/images/slow-registry.ts';
import { removeImage } from '../../parts/real/ctr.ts';
import { pushSizedImage } from '../../parts/real/images.ts';
import { type ColdCluster, pullsSuite } from '../flows/pulls.suite.ts';
import { startTestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from './real-cluster-access.ts';

const IMAGE_BYTES = 3_000_000;
const BYTES_PER_SECOND = 1_500_000;

async function coldGround(): Promise<ColdCluster> {
  const { cluster, ground } = await ownNamespaceAccess('pulls');
  const { layout, registry } = cluster;
  const slow = await startSlowRegistry({
    upstream: registry,
    bytesPerSecond: BYTES_PER_SECOND,
    latencyMs: 20,
  });
  const system = await startTestSystem(ground);
  const images: string[] = [];
  return {
    system,
    freshImage: async () => {
      const pushed = await pushSizedImage(layout, 'pulls/cold', IMAGE_BYTES);
      const image = pushed.replace(registry, slow.address);
      images.push(image);
      return image;
    },
    close: async () => {
      await system.close();
      await slow.close();
      for (const image of images) await removeImage(layout, image).catch(() => undefined);
    },
  };
}

pullsSuite('a real kubelet', coldGround, { timeoutMs: 120_000 });

import { NO_REGISTRY, swapSuite } from '../flows/swap.suite.ts';
import { GATE_VOLUMES, startTestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

for (const gate of GATE_VOLUMES)
  swapSuite(
    `a real kubelet, gate by ${gate}`,
    async () =>
      startTestSystem((await ownNamespaceAccess('swap')).ground, {
        env: { ...NO_REGISTRY, HANGAR_GATE_VOLUME: gate },
      }),
    120_000,
  );

import { outcomesSuite } from '../flows/outcomes.suite.ts';
import { GATE_VOLUMES, startTestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

for (const gate of GATE_VOLUMES)
  outcomesSuite(
    `a real kubelet, gate by ${gate}`,
    async () =>
      startTestSystem((await ownNamespaceAccess('outcomes')).ground, { env: { HANGAR_GATE_VOLUME: gate } }),
    {
      timeoutMs: 120_000,
      serve: ['mkdir -p /tmp/www', 'echo served > /tmp/www/page', 'exec httpd -f -p 8123 -h /tmp/www'],
      ask: 'wget -q -O- http://web:8123/page',
    },
  );

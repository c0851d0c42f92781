import { outcomesSuite } from '../flows/outcomes.suite.ts';
import { startTestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from './real-cluster-access.ts';

outcomesSuite('a real kubelet', async () => startTestSystem((await ownNamespaceAccess('outcomes')).ground), {
  timeoutMs: 120_000,
  serve: ['mkdir -p /tmp/www', 'echo served > /tmp/www/page', 'exec httpd -f -p 8123 -h /tmp/www'],
  ask: 'wget -q -O- http://web:8123/page',
});

import { runFieldsSuite } from '../flows/run-fields.suite.ts';
import { startTestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

runFieldsSuite(
  'a real kubelet',
  async () => startTestSystem((await ownNamespaceAccess('run-fields')).ground),
  {
    timeoutMs: 120_000,
    serve: ['mkdir -p /tmp/www', 'echo served > /tmp/www/page', 'exec httpd -f -p 8123 -h /tmp/www'],
  },
);

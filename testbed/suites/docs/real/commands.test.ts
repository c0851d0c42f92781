import { LABEL } from '@hangar/runner/compiled';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectRealCluster, type RealCluster } from '../../../parts/real/facts.ts';
import { adminApi, expectStatus } from '../../../parts/real/kubernetes.ts';
import { Helm } from '../../chart/helm.ts';
import { PAGES } from '../pages.ts';
import { commandsOf, runPage } from '../run-page.ts';

const LAST_MS = 170_000;

describe('commands that need a cluster, on the real one', () => {
  const pages = PAGES.filter((page) => commandsOf(page, 'real').length > 0);

  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await connectRealCluster();
  });
  // A runner that is stopped leaves its Lease to the next one, and the reader's next one has the same name.
  afterEach(async () => {
    const api = await adminApi(cluster.layout);
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${cluster.namespace}/leases`;
    const ofRunners = encodeURIComponent(`${LABEL.managedBy}=${LABEL.managedByValue}`);
    expectStatus(await api('DELETE', `${leases}?labelSelector=${ofRunners}`), [200], 'removing Leases');
    // Where commands failed before the page removes its release.
    const helm = await Helm.open(cluster.layout, cluster.adminKubeconfig);
    await helm.run(['uninstall', 'hangar', '-n', 'ci', '--ignore-not-found', '--wait', '--timeout', '1m']);
    expectStatus(await api('DELETE', '/api/v1/namespaces/ci'), [200, 202, 404], 'removing the namespace');
  });

  it('are there, from nothing to a first build, a first recommendation and a first alert', () => {
    const all = commandsOf('docs/getting-started.md', 'real').map(({ text }) => text);
    expect(all.join('\n')).toContain('build first.yml --wait');
    expect(all.join('\n')).toContain('helm install hangar charts/hangar');
    expect(all.join('\n')).toContain('/api/v1/recommendations');
    expect(all.join('\n')).toContain('grep HangarRunnerDown');
  });

  it.each(pages)(
    'of %s work as written',
    async (page) => {
      await runPage(page, 'real', LAST_MS);
    },
    4 * LAST_MS,
  );
});

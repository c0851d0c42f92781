import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALERTS } from '@hangar/dashboards/alerts';
import { rulesFile } from '@hangar/dashboards/rules-file';
import { Prometheus, type ScrapeTarget } from '../prometheus/prometheus.ts';
import { type Layout, serverUrl, statePaths } from '../real/plan/layout.ts';

/** Where the release is that docs/getting-started.md installs. */
const RELEASE = { name: 'hangar', namespace: 'ci' } as const;
const PORT = 9090;
const INTERVAL_SECONDS = 5;

/** A Prometheus with the data and the alerts of a release. */
export interface SitePrometheus {
  readonly url: string;
  /** Resolves when it has ended and its data are removed. */
  close(): Promise<void>;
}

/**
 * Starts a Prometheus on 127.0.0.1:9090 with the alerts of the chart. It scrapes the release "hangar" in the namespace "ci" of the testbed
 * through the API server, because Debian's Prometheus has no service discovery for Kubernetes.
 *
 * @throws when Prometheus is not installed, or the port is in use
 */
export async function startSitePrometheus(layout: Layout): Promise<SitePrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-prometheus-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const prometheus = await Prometheus.start({
      folder,
      targets: (['runner', 'autoscaler'] as const).map((program) => targetOf(layout, program)),
      rules: {
        'runner.yaml': rulesFile('runner', ALERTS),
        'autoscaler.yaml': rulesFile('autoscaler', ALERTS),
      },
      port: PORT,
      intervalSeconds: INTERVAL_SECONDS,
    });
    return { url: prometheus.url, close: () => prometheus.close().then(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

function targetOf(layout: Layout, program: 'runner' | 'autoscaler'): ScrapeTarget {
  const { keys } = statePaths(layout);
  const job = `${RELEASE.name}-${program}`;
  return {
    job,
    address: new URL(serverUrl).host,
    labels: { namespace: RELEASE.namespace },
    proxy: {
      path: `/api/v1/namespaces/${RELEASE.namespace}/services/${job}:http/proxy/metrics`,
      authorityFile: `${keys}/ca.crt`,
      tokenFile: `${keys}/admin.token`,
    },
  };
}

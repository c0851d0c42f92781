import { stringify } from 'yaml';
import type { AlertRule } from './alert-rule.ts';

/** The path in the repository. The chart adds `runbook_url` where an installation configures the address at which it publishes them. */
const RUNBOOKS = 'docs/runbooks';

/** The alerts of one component as a Prometheus rules file, which is also the `spec` of a PrometheusRule. */
export function rulesFile(component: AlertRule['component'], alerts: readonly AlertRule[]): string {
  const rules = alerts
    .filter((alert) => alert.component === component)
    .map(({ name, expr, lasting, severity, summary, description }) => ({
      alert: name,
      expr,
      for: lasting,
      labels: { severity, component: `hangar-${component}` },
      annotations: { summary, description, runbook: `${RUNBOOKS}/${name}.md` },
    }));
  const head = '# Generated from dashboards/src/alerts; do not edit.\n';
  return `${head}${stringify({ groups: [{ name: `hangar-${component}`, rules }] }, { lineWidth: 0 })}`;
}

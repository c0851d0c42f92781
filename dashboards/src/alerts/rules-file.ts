import { stringify } from 'yaml';
import type { AlertRule } from './alert-rule.ts';

/** Where runbooks are read. Installations with a copy of their own replace it in the rules. */
const RUNBOOKS = 'https://hangar.dev/docs/runbooks';

/** The alerts of one component as a file of Prometheus rules, which is also the `spec` of a PrometheusRule. */
export function rulesFile(component: AlertRule['component'], alerts: readonly AlertRule[]): string {
  const rules = alerts
    .filter((alert) => alert.component === component)
    .map(({ name, expr, lasting, severity, summary, description }) => ({
      alert: name,
      expr,
      for: lasting,
      labels: { severity, component: `hangar-${component}` },
      annotations: { summary, description, runbook_url: `${RUNBOOKS}/${name}` },
    }));
  const head = '# Generated from dashboards/src/alerts; do not edit.\n';
  return `${head}${stringify({ groups: [{ name: `hangar-${component}`, rules }] }, { lineWidth: 0 })}`;
}

import { markdownTable } from '@hangar/shared/generate/markdown';
import type { AlertRule, RunbookCheck } from './alert-rule.ts';

const GENERATED = 'Generated from `dashboards/src/alerts`; do not edit.';

/** A Prometheus template as readable text: `{{ $labels.pool }}` becomes `pool`, `{{ $value }}` becomes N. */
const plain = (template: string): string =>
  template.replace(/\{\{ \$labels\.(\w+) \}\}/g, '*$1*').replace(/\{\{ \$value[^}]*\}\}/g, 'N');

function look({ text, query }: RunbookCheck): string {
  return query === undefined
    ? `- ${text}\n`
    : `- ${text}\n\n  \`\`\`promql\n  ${query.replaceAll('\n', '\n  ')}\n  \`\`\`\n\n`;
}

const thresholdText = ({ name, threshold }: AlertRule): string =>
  threshold === undefined
    ? ''
    : `
The threshold \`${threshold.comparison}\` (${threshold.meaning}) can be changed: \`monitoring.alerts.overrides.${name}.threshold\` of the chart.
`;

/** The page that the annotation `runbook` names. */
export function runbook(alert: AlertRule): string {
  const { name, component, severity, lasting, summary, description, means, looks, commands, acts, expr } =
    alert;
  return `# ${name}

${GENERATED} Back to [all alerts](../alerts.md).

${plain(summary)}. ${plain(description)}

Severity: ${severity}. Fires after ${lasting}. Comes from the ${component}.

## Meaning

${means}

## Diagnosis

${looks.map(look).join('').trimEnd()}

<!-- not run: NAMESPACE is the label \`namespace\` of the alert -->
\`\`\`sh
NAMESPACE=ci
${commands.join('\n')}
\`\`\`

## Remedy

${acts.map((act) => `- ${act}`).join('\n')}

## The rule

\`\`\`promql
${expr}
\`\`\`
${thresholdText(alert)}`;
}

/** All runbooks as one page of the chart, for those who have only its package: other pages are named, not linked. */
export function packagedRunbooks(alerts: readonly AlertRule[]): string {
  const sections = alerts.map((alert) =>
    runbook(alert)
      .replace(`${GENERATED} Back to [all alerts](../alerts.md).\n\n`, '')
      .replace(/\[([^\]]+)\]\(\.\.\/([^)]+)\)/g, '$1 (docs/$2)')
      .replace(/\]\((Hangar\w+)\.md\)/g, (_, name: string) => `](#${name.toLowerCase()})`)
      .replace(/^(#+ )/gm, '#$1'),
  );
  return `# Runbooks

${GENERATED} The runbooks of all alerts, as in \`docs/runbooks\` of the repository. Other pages of the documentation are named by their path there.

${sections.join('\n')}`;
}

/** The list of all alerts. */
export function alertsPage(alerts: readonly AlertRule[]): string {
  const table = (component: AlertRule['component']): string =>
    markdownTable(
      ['alert', 'severity', 'fires after', 'when'],
      alerts
        .filter((alert) => alert.component === component)
        .map(({ name, severity, lasting, summary }) => [
          `[${name}](runbooks/${name}.md)`,
          severity,
          lasting,
          plain(summary),
        ]),
    );
  return `# Alerts

${GENERATED} Back to the [index](README.md).

<picture><source media="(prefers-color-scheme: dark)" srcset="images/board-runner-dark.png"><img src="images/board-runner-light.png" alt="The board of the runner: stages that run and wait, the reasons, and how long each part takes" width="800"></picture>

Rules for Prometheus: \`charts/hangar/rules/*.yaml\`. The chart installs them where the CRD \`PrometheusRule\` exists; without it, name the files
under \`rule_files\` ([scrape configuration](operations.md#prometheus-and-grafana)). Each alert names its runbook, which explains its meaning, diagnosis and remedy. The package of the chart
contains all runbooks in \`RUNBOOKS.md\` (\`helm pull --untar\`). Set \`monitoring.runbookUrl\` to make alerts link to the runbooks. \`critical\`: builds are blocked or results are late; page the person on call. \`warning\`: act within
the day.

With values of the chart you can disable, change and label each alert:

<!-- values -->
\`\`\`yaml
monitoring:
  runbookUrl: https://git.acme.test/hangar/docs/runbooks
  alerts:
    labels: { team: ci }
    overrides:
      HangarLogsLate: { enabled: false }
      HangarStagesWaitTooLong: { threshold: 900, for: 30m, severity: critical }
\`\`\`

## Runner

${table('runner')}
## Autoscaler

${table('autoscaler')}`;
}

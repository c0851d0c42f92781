import type { AlertRule } from '@hangar/dashboards/alert-rule';
import { ALERTS } from '@hangar/dashboards/alerts';
import type { JsonSchema } from '../schema/json-schema.ts';
import {
  booleanValue,
  type ChartValue,
  durationOrNoneValue,
  durationValue,
  namespaceValue,
  objectsValue,
  objectValue,
  stringMapValue,
  stringsValue,
  stringValue,
} from './chart-value.ts';

/** Words, or as with other charts a switch. */
const when =
  (words: readonly string[]) =>
  (path: string, fallback: string, description: string): ChartValue => ({
    path,
    fallback,
    description: `${description} \`true\` and \`false\` are the same as \`always\` and \`never\`.`,
    schema: { type: ['boolean', 'string'], enum: [...words, true, false] },
  });

const WHEN = when(['auto', 'always', 'never']);

/** What may be changed of an alert; a threshold only where the rule has one. */
const overrideSchema = ({ threshold, summary }: AlertRule): JsonSchema => ({
  description: summary.replace(/\{\{[^}]*\}\}/g, '…'),
  type: 'object',
  additionalProperties: false,
  properties: {
    enabled: { type: 'boolean', description: '`false` removes the alert.' },
    severity: { type: 'string' },
    for: {
      type: 'string',
      pattern: '^([0-9]+(ms|[smhdwy]))+$',
      description: 'How long the condition must hold.',
    },
    ...(threshold === undefined
      ? {}
      : {
          threshold: {
            type: 'number',
            description: `Replaces \`${threshold.comparison}\`: ${threshold.meaning}.`,
          },
        }),
    labels: { type: 'object' },
  },
});

const OVERRIDES: ChartValue = {
  path: 'monitoring.alerts.overrides',
  fallback: {},
  description:
    'Changes to individual alerts, by name: `enabled`, `severity`, `for`, `threshold` (if [the alert](../../docs/alerts.md) has one) and `labels`. Example: `HangarLogsLate: {enabled: false}`.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(ALERTS.map((alert) => [alert.name, overrideSchema(alert)])),
  },
};

const SCRAPING: readonly ChartValue[] = [
  WHEN(
    'monitoring.serviceMonitors',
    'auto',
    'A ServiceMonitor for each program. `auto`: if the cluster has the CRD; `always`: in any case, such as with `helm template`; `never`: not at all.',
  ),
  when(['always', 'never'])(
    'monitoring.podMonitors',
    'never',
    'A PodMonitor for each program. `always`: set `serviceMonitors` to `never` then, otherwise each Pod is scraped twice; `never`: not at all.',
  ),
  WHEN(
    'monitoring.rules',
    'auto',
    'Alerts as PrometheusRules. `auto`: if the cluster has the CRD; `always`: in any case; `never`: not at all.',
  ),
  namespaceValue(
    'monitoring.namespace',
    '',
    "Namespace of ServiceMonitors, PodMonitors and PrometheusRules; empty: the release's.",
  ),
];

const ENDPOINT: readonly ChartValue[] = [
  stringMapValue('monitoring.annotations', {}, 'Annotations of the same objects.'),
  durationOrNoneValue(
    'monitoring.scrapeTimeout',
    '',
    'Timeout of a scrape. Empty: the default of Prometheus.',
  ),
  booleanValue(
    'monitoring.honorLabels',
    false,
    'Keep the labels of scraped series if the target has labels with the same names.',
  ),
  stringValue(
    'monitoring.jobLabel',
    '',
    'Label of the Service (PodMonitor: of the Pod) whose value becomes `job`. Empty: the name of the Service (PodMonitor: its namespace and name).',
  ),
  stringsValue(
    'monitoring.targetLabels',
    [],
    'Labels of the Service (PodMonitor: of the Pod) that become labels of all series.',
  ),
  objectsValue(
    'monitoring.relabelings',
    [],
    'Relabelings before the scrape, such as one that sets `cluster`.',
  ),
  objectsValue('monitoring.metricRelabelings', [], 'Relabelings of scraped series.'),
  objectValue(
    'monitoring.endpointAdditionalProperties',
    {},
    'Further fields of the endpoint, such as `scheme` and `tlsConfig`.',
  ),
];

/** Prometheus and Grafana. */
export const MONITORING: readonly ChartValue[] = [
  ...SCRAPING,
  stringValue(
    'monitoring.runbookUrl',
    '',
    'URL of the directory where you publish docs/runbooks, such as `https://git.acme.test/hangar/docs/runbooks`. Alerts link to it in `runbook_url`. Empty: alerts contain only the path of the runbook; `RUNBOOKS.md` of this chart has the same texts.',
  ),
  stringMapValue('monitoring.alerts.labels', {}, 'Labels of every alert, such as `team: ci`.'),
  stringMapValue('monitoring.alerts.annotations', {}, 'Annotations of every alert.'),
  OVERRIDES,
  durationValue('monitoring.interval', '30s', 'Scrape interval.'),
  stringMapValue(
    'monitoring.labels',
    {},
    'Labels by which your Prometheus selects these objects, such as `release: prometheus`.',
  ),
  ...ENDPOINT,
  booleanValue(
    'monitoring.dashboards.enabled',
    true,
    'Create ConfigMaps with the dashboards, for the sidecar of Grafana. The dashboard of a disabled program is omitted.',
  ),
  stringMapValue(
    'monitoring.dashboards.labels',
    { grafana_dashboard: '1' },
    'Labels by which the sidecar selects the ConfigMaps.',
  ),
  stringMapValue(
    'monitoring.dashboards.annotations',
    {},
    'Annotations of these ConfigMaps, for example for the folder of the dashboards.',
  ),
];

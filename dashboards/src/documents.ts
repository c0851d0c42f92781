import { ALERTS } from './alerts/alerts.ts';
import { alertsPage, packagedRunbooks, runbook } from './alerts/documents.ts';
import { rulesFile } from './alerts/rules-file.ts';
import { BOARDS } from './boards/boards.ts';
import { dashboardJson } from './grafana/dashboard.ts';

/** Folders whose files with that ending are all generated here: a file that is not in {@link DOCUMENTS} is stale. */
export const FOLDERS: Readonly<Record<string, string>> = {
  'charts/hangar/dashboards': '.json',
  'charts/hangar/rules': '.yaml',
  'docs/runbooks': '.md',
};

const components = ['runner', 'autoscaler'] as const;

/** Every file that is generated from this package, by its path from the repository's root. */
export const DOCUMENTS: Readonly<Record<string, () => string>> = {
  ...Object.fromEntries(
    BOARDS.map((board) => [`charts/hangar/dashboards/${board.uid}.json`, () => dashboardJson(board)]),
  ),
  ...Object.fromEntries(
    components.map((component) => [
      `charts/hangar/rules/hangar-${component}.yaml`,
      () => rulesFile(component, ALERTS),
    ]),
  ),
  'docs/alerts.md': () => alertsPage(ALERTS),
  'charts/hangar/RUNBOOKS.md': () => packagedRunbooks(ALERTS),
  ...Object.fromEntries(ALERTS.map((alert) => [`docs/runbooks/${alert.name}.md`, () => runbook(alert)])),
};

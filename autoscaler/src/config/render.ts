import { renderConfigPage } from '@hangar/shared/config-page';
import { SETTINGS } from './settings.ts';

const SECTIONS: Readonly<Record<string, string>> = {
  sources: 'Data sources',
  pools: 'Pools and nodes',
  sizing: 'Sizing',
  rails: 'Guardrails',
  money: 'Cost',
  acting: 'Placement and scaling',
  leading: 'Leader election',
  process: 'Process and HTTP',
};

const HEAD = `# Configuration of the autoscaler

Generated from \`autoscaler/src/config/settings.ts\`; do not edit. Back to the [index](README.md).

\`hangar-autoscaler serve\` takes its settings from environment variables. An empty variable counts as unset. Lists are comma-separated. All problems are reported together at start, and the process ends with exit code 78.
`;

/** `docs/autoscaler-configuration.md`, generated from the same list that reads the environment. */
export function renderConfiguration(): string {
  return renderConfigPage({ head: HEAD, sections: SECTIONS, settings: Object.values(SETTINGS) });
}

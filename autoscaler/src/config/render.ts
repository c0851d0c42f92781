import { renderConfigPage } from '@hangar/shared/config-page';
import { SETTINGS } from './settings.ts';

const SECTIONS: Readonly<Record<string, string>> = {
  sources: 'What is looked at',
  pools: 'Pools and nodes',
  sizing: 'How large',
  rails: 'Guardrails',
  money: 'Money',
  acting: 'Placing and scaling',
  leading: 'Who leads',
  process: 'Process and HTTP side',
};

const HEAD = `# Configuration of the autoscaler

Generated from \`autoscaler/src/config/settings.ts\`; do not edit.

\`hangar-autoscaler serve\` takes its settings from environment variables. An empty variable counts as unset. Lists have commas between their items. All problems are told together at start, and the process ends with exit code 78.
`;

/** `docs/autoscaler-configuration.md`, generated from the same list that reads the environment. */
export function renderConfiguration(): string {
  return renderConfigPage({ head: HEAD, sections: SECTIONS, settings: Object.values(SETTINGS) });
}

import type { Setting } from '@hangar/shared/config';
import { SETTINGS } from './settings.ts';

const SECTIONS: Readonly<Record<string, string>> = {
  sources: 'What is looked at',
  pools: 'Pools and nodes',
  sizing: 'How large',
  rails: 'Guardrails',
  process: 'Process and HTTP side',
};

const HEAD = `# Configuration of the autoscaler

Generated from \`autoscaler/src/config/settings.ts\`; do not edit.

\`hangar-autoscaler serve\` takes its settings from environment variables. An empty variable counts as unset. Lists have commas between their items. All problems are told together at start, and the process ends with exit code 78.
`;

/** `docs/autoscaler-configuration.md`, made of the same list that reads the environment. */
export function renderConfiguration(): string {
  const all: readonly Setting<unknown>[] = Object.values(SETTINGS);
  const parts = Object.entries(SECTIONS).map(([section, title]) =>
    table(
      title,
      all.filter((one) => one.section === section),
    ),
  );
  return `${HEAD}\n${parts.join('\n')}`;
}

function table(title: string, settings: readonly Setting<unknown>[]): string {
  const rows = settings.map(
    (one) => `| ${[nameOf(one), one.type, defaultOf(one), meaningOf(one)].map(cell).join(' | ')} |`,
  );
  return [
    `## ${title}`,
    '',
    '| variable | value | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function nameOf({ name, legacyNames }: Setting<unknown>): string {
  const other = legacyNames.map((one) => `\`${one}\``).join(', ');
  return other === '' ? `\`${name}\`` : `\`${name}\` (also ${other})`;
}

const defaultOf = ({ defaultText }: Setting<unknown>): string =>
  defaultText === '' ? '' : `\`${defaultText}\``;

const meaningOf = ({ description, note }: Setting<unknown>): string =>
  note === '' ? description : `${description} *${note}*`;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

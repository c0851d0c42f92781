import type { Setting } from '@hangar/shared/config';
import { SETTINGS } from './settings.ts';

const SECTIONS: Readonly<Record<string, string>> = {
  server: 'The Drone server',
  runner: 'The runner',
  process: 'Process and HTTP side',
  kubernetes: 'Kubernetes',
  pods: 'Pods',
  plugins: 'Plugins and credentials',
  hangar: 'New in Hangar',
};

/** `docs/configuration.md` of the runner, made of the same list that reads the environment. */
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

const HEAD = `# Configuration of the runner

Generated from \`runner/src/config/settings.ts\`; do not edit.

Settings are environment variables. An empty variable counts as unset. Lists have commas between their items; maps are \`name:value\` pairs with commas between, and the first colon separates. All problems are told together at start.
`;

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

function nameOf(one: Setting<unknown>): string {
  const old =
    one.legacyNames.length > 0 ? ` (also ${one.legacyNames.map((name) => `\`${name}\``).join(', ')})` : '';
  return `\`${one.name}\`${old}`;
}

function defaultOf(one: Setting<unknown>): string {
  if (one.required) return '**required**';
  return one.defaultText === '' ? '' : `\`${one.defaultText}\`${one.unit === '' ? '' : ` ${one.unit}`}`;
}

function meaningOf(one: Setting<unknown>): string {
  return one.note === '' ? one.description : `${one.description} *${one.note}*`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

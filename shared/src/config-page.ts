import type { Setting } from './config.ts';
import { markdownTable } from './generate/markdown.ts';

/** A documentation page for settings: its introduction, and its sections with their titles, in order. */
export interface ConfigPage {
  readonly head: string;
  readonly sections: Readonly<Record<string, string>>;
  readonly settings: readonly Setting<unknown>[];
}

/** Renders the page in Markdown, one table per section, from the same list that parses the environment. Pure. */
export function renderConfigPage({ head, sections, settings }: ConfigPage): string {
  const parts = Object.entries(sections).map(([section, title]) =>
    table(
      title,
      settings.filter((one) => one.section === section),
    ),
  );
  return `${head}\n${parts.join('\n')}`;
}

function table(title: string, settings: readonly Setting<unknown>[]): string {
  const rows = settings.map((one) => [nameOf(one), one.type, defaultOf(one), meaningOf(one)]);
  return `## ${title}\n\n${markdownTable(['variable', 'value', 'default', 'meaning'], rows)}`;
}

function nameOf({ name, legacyNames }: Setting<unknown>): string {
  const old = legacyNames.map((one) => `\`${one}\``).join(', ');
  return old === '' ? `\`${name}\`` : `\`${name}\` (also ${old})`;
}

function defaultOf({ required, defaultText, unit }: Setting<unknown>): string {
  if (required) return '**required**';
  return defaultText === '' ? '' : `\`${defaultText}\`${unit === '' ? '' : ` ${unit}`}`;
}

const meaningOf = ({ description, note }: Setting<unknown>): string =>
  note === '' ? description : `${description} *${note}*`;

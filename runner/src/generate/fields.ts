import { markdownTable } from '@hangar/shared/generate/markdown';
import { FIELDS, type Field, type FieldKind, fieldsOf } from '../parse/fields.ts';

const KINDS: Readonly<Record<Extract<FieldKind, string>, string>> = {
  text: 'text',
  whole: 'number',
  switch: 'true or false',
  bytes: 'number, or text with a unit',
  span: 'duration, such as `90s` or `10m`',
  texts: 'list of strings',
  numbers: 'list of numbers',
  'text map': 'map of strings',
  variables: 'map of variables',
  settings: 'map',
  anything: 'anything',
};

const anchor = (part: string): string => `[${part}](#${part.replaceAll(' ', '-')})`;

function kindText(kind: FieldKind): string {
  if (typeof kind === 'string') return KINDS[kind];
  if ('words' in kind) return kind.words.map((word) => `\`${word}\``).join(', ');
  return 'list' in kind ? `list of ${anchor(kind.list)}` : anchor(kind.part);
}

const SUPPORT: Readonly<Record<Exclude<Field['support'], undefined>, string>> = {
  server: 'by the server',
  none: 'no',
};

const partTable = (part: string): string =>
  markdownTable(
    ['key', 'type', 'read', 'meaning'],
    Object.entries(fieldsOf(part) ?? {}).map(([key, { kind, help, support }]) => [
      `\`${key}\``,
      kindText(kind),
      support === undefined ? 'yes' : SUPPORT[support],
      help,
    ]),
  );

/** `docs/reference/pipeline-fields.md`, of the table of fields. Pure. */
export function renderFields(): string {
  const parts = Object.keys(FIELDS).filter((part) => part !== 'document');
  return `# Fields of pipeline files

Generated from \`runner/src/parse/fields.ts\`; do not edit. Back to the [index](../README.md).

All keys that the parser knows. \`lint\` warns of any other, except those that begin with \`x-\`, \`.\` or \`_\`; in affinity, spread constraints and security contexts it refuses them. The same table as JSON Schema:
[pipeline.schema.json](pipeline.schema.json), or \`hangar-runner schema\`. How the keys work: [pipelines.md](../pipelines.md).

${parts.map((part) => `## ${part}\n\n${partTable(part)}`).join('\n')}`;
}
